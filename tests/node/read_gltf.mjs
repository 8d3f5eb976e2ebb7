// Reads a GLB with three.js, Babylon.js and glTF-Transform and prints what each makes of it: meshes drawn, triangles, bounds.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [toolsFolder, reader, file] = process.argv.slice(2);
const { resolve } = createRequire(`${toolsFolder}/package.json`);
const load = (name) => import(pathToFileURL(name.startsWith("/") ? name : resolve(name)).href);
const bytes = readFileSync(file);
const low = [Infinity, Infinity, Infinity];
const high = [-Infinity, -Infinity, -Infinity];
const grow = (x, y, z) => [x, y, z].forEach((value, axis) => {
  low[axis] = Math.min(low[axis], value);
  high[axis] = Math.max(high[axis], value);
});
let meshes = 0;
let triangles = 0;

if (reader === "three") {
  globalThis.self = globalThis;
  globalThis.ProgressEvent ??= class extends Event {};
  globalThis.createImageBitmap = async () => ({ width: 4, height: 4, close() {} });
  const THREE = await load(`${toolsFolder}/node_modules/three/build/three.module.js`);
  const { GLTFLoader } = await load(`${toolsFolder}/node_modules/three/examples/jsm/loaders/GLTFLoader.js`);
  const data = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const { MeshoptDecoder } = await load(`${toolsFolder}/node_modules/three/examples/jsm/libs/meshopt_decoder.module.js`);
  await MeshoptDecoder.ready;
  const { scene } = await new GLTFLoader().setMeshoptDecoder(MeshoptDecoder).parseAsync(data, "");
  scene.updateMatrixWorld(true);
  scene.traverse((node) => {
    if (!node.isMesh) return;
    meshes += 1;
    triangles += node.geometry.index.count / 3;
    const box = new THREE.Box3().setFromBufferAttribute(node.geometry.attributes.position).applyMatrix4(node.matrixWorld);
    grow(...box.min.toArray());
    grow(...box.max.toArray());
  });
} else if (reader === "babylon") {
  const { NullEngine, Scene, ImportMeshAsync } = await load("@babylonjs/core");
  await load("@babylonjs/loaders/glTF/index.js");
  const scene = new Scene(new NullEngine());
  scene.useRightHandedSystem = true;
  await ImportMeshAsync(`data:model/gltf-binary;base64,${bytes.toString("base64")}`, scene, { pluginExtension: ".glb" });
  for (const mesh of scene.meshes) {
    if (!mesh.getTotalVertices()) continue;
    meshes += 1;
    triangles += mesh.getTotalIndices() / 3;
    mesh.computeWorldMatrix(true);
    const box = mesh.getBoundingInfo().boundingBox;
    grow(...box.minimumWorld.asArray());
    grow(...box.maximumWorld.asArray());
  }
} else {
  const { NodeIO, getBounds } = await load("@gltf-transform/core");
  const { ALL_EXTENSIONS } = await load("@gltf-transform/extensions");
  const document = await new NodeIO().registerExtensions(ALL_EXTENSIONS).readBinary(new Uint8Array(bytes));
  const scene = document.getRoot().getDefaultScene();
  scene.traverse((node) => {
    for (const primitive of node.getMesh()?.listPrimitives() ?? []) {
      meshes += 1;
      triangles += primitive.getIndices().getCount() / 3;
    }
  });
  const bounds = getBounds(scene);
  grow(...bounds.min);
  grow(...bounds.max);
}
process.stdout.write(JSON.stringify({ meshes, triangles, low, high }));
process.exit(0);
