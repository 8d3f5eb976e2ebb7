// Walk through a worldgen world: drag to look, W A S D or arrows to walk, Shift to hurry. Numbers come from layout.json.
import * as THREE from "three";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import { MeshoptDecoder } from "three/addons/libs/meshopt_decoder.module.js";
import { HDRLoader } from "three/addons/loaders/HDRLoader.js";

const text = document.getElementById("text");
const layout = await (await fetch("layout.json")).json();
document.title = layout.world;

const renderer = new THREE.WebGLRenderer({ antialias: false, powerPreference: "high-performance" });
renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
renderer.toneMapping = THREE.ACESFilmicToneMapping;
renderer.shadowMap.enabled = true;
document.body.prepend(renderer.domElement);

const scene = new THREE.Scene();
const camera = new THREE.PerspectiveCamera(60, 1, 0.05, 20000);
camera.rotation.order = "YXZ";
camera.position.fromArray(layout.spawn.engine_eye);
camera.quaternion.fromArray(layout.spawn.engine_rotation_xyzw);

const layers = { mesh: new THREE.Group(), splats: new THREE.Group(), colliders: new THREE.Group() };
for (const layer of Object.values(layers)) scene.add(layer);
let ground = [];

function addLight() {
  if (!layout.has_light) {
    scene.add(new THREE.HemisphereLight(0xffffff, 0x444444, 2));
    return;
  }
  const { key_light: key, exposure, sky } = layout.light;
  renderer.toneMappingExposure = exposure.factor;
  const sun = new THREE.DirectionalLight(new THREE.Color().fromArray(key.color), key.illuminance_lux / sky.nits_per_unit);
  sun.position.fromArray(key.engine_direction).multiplyScalar(150);
  sun.castShadow = true;
  sun.shadow.mapSize.set(2048, 2048);
  sun.shadow.bias = -0.0005;
  sun.shadow.normalBias = 0.05;
  Object.assign(sun.shadow.camera, { left: -60, right: 60, top: 60, bottom: -60, near: 1, far: 400 });
  scene.add(sun, sun.target);
}

async function addSky() {
  if (!layout.files.sky) return;
  const sky = await new HDRLoader().loadAsync(layout.files.sky);
  sky.mapping = THREE.EquirectangularReflectionMapping;
  scene.background = sky;
  scene.environment = sky;
  scene.environmentIntensity = 0.6; // nothing shades the sky here, so leaves and ground would be too bright
}

// Things that share a mesh are drawn at once; the far ones of a forest would be thousands of calls otherwise.
function gatherInstances(root) {
  root.updateMatrixWorld(true);
  const groups = new Map();
  root.traverse((node) => {
    if (!node.isMesh) return;
    const key = `${node.geometry.uuid} ${node.material.uuid}`;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(node);
  });
  const result = new THREE.Group();
  for (const nodes of groups.values()) {
    const mesh = new THREE.InstancedMesh(nodes[0].geometry, nodes[0].material, nodes.length);
    nodes.forEach((node, index) => mesh.setMatrixAt(index, node.matrixWorld));
    mesh.castShadow = true;
    mesh.receiveShadow = true;
    mesh.frustumCulled = nodes.length === 1;
    result.add(mesh);
  }
  return result;
}

async function addMesh() {
  const model = await new GLTFLoader().setMeshoptDecoder(MeshoptDecoder).loadAsync(layout.files.land);
  layers.mesh.add(gatherInstances(model.scene));
}

async function addColliders() {
  if (!layout.files.colliders) return;
  const model = await new GLTFLoader().loadAsync(layout.files.colliders);
  const look = new THREE.MeshBasicMaterial({ color: 0x6fd08c, wireframe: true, toneMapped: false });
  model.scene.traverse((node) => {
    if (!node.isMesh) return;
    node.material = look;
    const row = layout.colliders.find((each) => each.name === node.name);
    if (row && !row.is_convex) ground.push(node);
  });
  layers.colliders.add(model.scene);
  model.scene.updateMatrixWorld(true);
}

async function addSplats() {
  const file = layout.splats.find((each) => each.format === "spz");
  if (!file) return;
  const { SplatMesh, SparkRenderer } = await import("@sparkjsdev/spark");
  if (SparkRenderer) scene.add(new SparkRenderer({ renderer }));
  const splats = new SplatMesh({ url: file.file });
  await splats.initialized;
  layers.splats.add(splats);
}

function show(name) {
  layers.mesh.visible = name !== "splats";
  layers.splats.visible = name === "splats";
  layers.colliders.visible = name === "colliders";
  for (const each of Object.keys(layers)) document.getElementById(each).classList.toggle("on", each === name);
}

const keys = new Set();
addEventListener("keydown", (event) => keys.add(event.code));
addEventListener("keyup", (event) => keys.delete(event.code));
addEventListener("blur", () => keys.clear());
renderer.domElement.addEventListener("pointermove", (event) => {
  if (!event.buttons) return;
  camera.rotation.y += event.movementX * 0.004;
  camera.rotation.x = THREE.MathUtils.clamp(camera.rotation.x + event.movementY * 0.004, -1.5, 1.5);
});

const down = new THREE.Raycaster();
down.far = 100;
function walk(seconds) {
  const held = (...codes) => (codes.some((code) => keys.has(code)) ? 1 : 0);
  const ahead = held("KeyW", "ArrowUp") - held("KeyS", "ArrowDown");
  const aside = held("KeyD", "ArrowRight") - held("KeyA", "ArrowLeft");
  if (!ahead && !aside) return;
  const step = seconds * (held("ShiftLeft", "ShiftRight") ? 12 : 4);
  const yaw = camera.rotation.y;
  camera.position.x += step * (-Math.sin(yaw) * ahead + Math.cos(yaw) * aside);
  camera.position.z += step * (-Math.cos(yaw) * ahead - Math.sin(yaw) * aside);
  down.set(camera.position.clone().setY(camera.position.y + 2), new THREE.Vector3(0, -1, 0));
  const hit = down.intersectObjects(ground, false)[0];
  if (hit) camera.position.y = hit.point.y + layout.spawn.eye_height_m;
}

function resize() {
  renderer.setSize(innerWidth, innerHeight);
  camera.aspect = innerWidth / innerHeight;
  camera.updateProjectionMatrix();
}
addEventListener("resize", resize);
resize();

for (const name of Object.keys(layers)) document.getElementById(name).addEventListener("click", () => show(name));
addLight();
show(location.hash.slice(1) in layers ? location.hash.slice(1) : "mesh");
let last = performance.now();
renderer.setAnimationLoop((now) => {
  walk(Math.min(0.1, (now - last) / 1000));
  last = now;
  renderer.render(scene, camera);
});
const problems = [];
await Promise.all(
  [addSky, addMesh, addColliders, addSplats].map((load) => load().catch((error) => problems.push(`${load.name}: ${error.message}`))),
);
text.textContent = problems.length ? problems.join("; ") : `${layout.world} · drag to look, W A S D to walk`;
document.body.dataset.state = problems.length ? "failed" : "ready";
