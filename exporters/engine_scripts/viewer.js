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
renderer.toneMapping = THREE.CustomToneMapping;
renderer.shadowMap.enabled = true;
renderer.shadowMap.autoUpdate = false; // nothing moves but the visitor
document.body.prepend(renderer.domElement);

// The world's own tone curve, so that the mesh has the colours of the panorama and of the splats: a sigmoid per channel,
// which keeps mid grey and makes 14 white, on channels drawn a little towards grey and pushed back after it.
const CURVE = { contrast: 1.3, grey: 0.18, white: 14, inset: 0.16, outset: 0.12, vibrance: 0.12 };
{
  const grey = CURVE.grey ** CURVE.contrast;
  const white = CURVE.white ** CURVE.contrast;
  const half = (grey * (white - CURVE.grey * white)) / (CURVE.grey * white - grey);
  const number = (value) => value.toFixed(8);
  THREE.ShaderChunk.tonemapping_pars_fragment = THREE.ShaderChunk.tonemapping_pars_fragment.replace(
    "vec3 CustomToneMapping( vec3 color ) { return color; }",
    `vec3 CustomToneMapping( vec3 color ) {
      const vec3 weights = vec3( 0.2126, 0.7152, 0.0722 );
      color = max( color * toneMappingExposure, 0.0 );
      color = pow( mix( color, vec3( dot( color, weights ) ), ${number(CURVE.inset)} ), vec3( ${number(CURVE.contrast)} ) );
      color = color / ( color + ${number(half)} ) * ${number((white + half) / white)};
      float grey = dot( color, weights );
      float top = max( color.r, max( color.g, color.b ) );
      float vivid = top > 1e-6 ? ( top - min( color.r, min( color.g, color.b ) ) ) / top : 0.0;
      float gain = ${number(1 / (1 - CURVE.outset))} * ( 1.0 + ${number(CURVE.vibrance)} * ( 1.0 - vivid ) * ( 1.0 - grey ) );
      return clamp( grey + ( color - grey ) * gain, 0.0, 1.0 );
    }`,
  );
}

const SKY_SHARE = 0.6; // nothing shades the sky under leaves and eaves here
const PROBE_LIFT_M = 2;
const WALKER_RADIUS_M = 0.3;
const LEAF_LIGHT = 0.8; // share of the light on a leaf's front that its back shows

const scene = new THREE.Scene();
const camera = new THREE.PerspectiveCamera(60, 1, 0.05, 20000);
camera.rotation.order = "YXZ";
camera.position.fromArray(layout.spawn.engine_eye);
camera.quaternion.fromArray(layout.spawn.engine_rotation_xyzw);

const layers = { mesh: new THREE.Group(), splats: new THREE.Group(), colliders: new THREE.Group() };
for (const layer of Object.values(layers)) scene.add(layer);
let ground = [];

const isPicture = !layout.has_light || layout.light.base_colors === "lit"; // then the sheets have their light in them

function addLight() {
  if (isPicture) {
    scene.add(new THREE.HemisphereLight(0xffffff, 0x444444, 2));
    return;
  }
  const { key_light: key, exposure, sky } = layout.light;
  renderer.toneMappingExposure = exposure.factor;
  addFog(layout.light.fog);
  const sun = new THREE.DirectionalLight(new THREE.Color().fromArray(key.color), key.illuminance_lux / sky.nits_per_unit);
  sun.position.fromArray(key.engine_direction).multiplyScalar(150);
  sun.castShadow = true;
  sun.shadow.mapSize.set(2048, 2048);
  sun.shadow.bias = -0.0005;
  sun.shadow.normalBias = 0.05;
  Object.assign(sun.shadow.camera, { left: -60, right: 60, top: 60, bottom: -60, near: 1, far: 400 });
  scene.add(sun, sun.target);
}

// Air takes light away by exp(-distance), each colour for itself, before the tone curve; three.js's own fog comes after it.
function addFog(fog) {
  const extinction = fog.extinction_per_m.map((value) => value.toFixed(9)).join(", ");
  scene.fog = new THREE.Fog(new THREE.Color().fromArray(fog.color));
  THREE.ShaderChunk.fog_fragment = "";
  THREE.ShaderChunk.tonemapping_fragment = `
    #ifdef USE_FOG
      gl_FragColor.rgb = mix( fogColor, gl_FragColor.rgb, exp( -vec3( ${extinction} ) * vFogDepth ) );
    #endif
    ${THREE.ShaderChunk.tonemapping_fragment}`;
}

async function addSky() {
  if (!layout.files.sky) return;
  const sky = await new HDRLoader().loadAsync(layout.files.sky);
  sky.mapping = THREE.EquirectangularReflectionMapping;
  scene.background = sky;
  scene.environment = sky;
  scene.environmentIntensity = SKY_SHARE;
}

// What surrounds the spawn lights it instead of the bare sky: from below comes the ground's light, from the sides the woods'.
function gatherLight() {
  if (isPicture || !scene.environment) return;
  const position = new THREE.Vector3().fromArray(layout.spawn.engine_eye);
  position.y += PROBE_LIFT_M;
  const hidden = [layers.splats, layers.colliders].filter((layer) => layer.visible);
  const isMeshShown = layers.mesh.visible;
  hidden.forEach((layer) => (layer.visible = false));
  layers.mesh.visible = true;
  const maker = new THREE.PMREMGenerator(renderer);
  scene.environment = maker.fromScene(scene, 0, 0.1, 20000, { position }).texture;
  maker.dispose();
  layers.mesh.visible = isMeshShown;
  hidden.forEach((layer) => (layer.visible = true));
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

// Leaves let light through, which glTF cannot say without an extension that few read: their backs are lit as well, and they do not shine.
function letLightThrough(material) {
  const front = "vec3 irradiance = dotNL * directLight.color;";
  const back = `reflectedLight.directDiffuse += saturate( -dot( geometryNormal, directLight.direction ) ) * ${LEAF_LIGHT.toFixed(2)}
    * directLight.color * BRDF_Lambert( material.diffuseContribution );`;
  material.roughness = 1;
  material.onBeforeCompile = (shader) => {
    shader.fragmentShader = shader.fragmentShader.replace(
      "#include <lights_physical_pars_fragment>",
      THREE.ShaderChunk.lights_physical_pars_fragment.replace(front, `${front}\n${back}`),
    );
  };
  material.customProgramCacheKey = () => "leaf";
}

async function addMesh() {
  const model = await new GLTFLoader().setMeshoptDecoder(MeshoptDecoder).loadAsync(layout.files.land);
  const leaves = new Set();
  model.scene.traverse((node) => {
    if (node.material?.userData.surface === "foliage") leaves.add(node.material);
    if (node.material?.isMeshBasicMaterial) node.material.toneMapped = false; // pictures are display-referred already
  });
  leaves.forEach(letLightThrough);
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
  wake();
  for (const each of Object.keys(layers)) document.getElementById(each).classList.toggle("on", each === name);
}

// A still picture is drawn once, not sixty times a second; splats are drawn on, since they are sorted beside the drawing.
let framesToDraw = 0;
function wake() {
  framesToDraw = 3;
}

const keys = new Set();
addEventListener("keydown", (event) => keys.add(event.code));
addEventListener("keyup", (event) => keys.delete(event.code));
addEventListener("blur", () => keys.clear());
renderer.domElement.addEventListener("pointermove", (event) => {
  if (!event.buttons) return;
  camera.rotation.y += event.movementX * 0.004;
  camera.rotation.x = THREE.MathUtils.clamp(camera.rotation.x + event.movementY * 0.004, -1.5, 1.5);
  wake();
});

// A world made from a picture ends where its picture no longer holds: straight lines between radii, the first along -Z.
function isInRange(x, z) {
  if (!layout.has_walk_range) return true;
  const radii = layout.walk_range.radii_m;
  const step = (2 * Math.PI) / radii.length;
  const turn = (Math.atan2(x, -z) + 2 * Math.PI) % (2 * Math.PI);
  const index = Math.min(Math.floor(turn / step), radii.length - 1);
  const [first, second, inner] = [radii[index], radii[(index + 1) % radii.length], turn - index * step];
  const limit = (first * second * Math.sin(step)) / (first * Math.sin(inner) + second * Math.sin(step - inner));
  return Math.hypot(x, z) < limit - WALKER_RADIUS_M;
}

const down = new THREE.Raycaster();
down.far = 100;
function walk(seconds) {
  const held = (...codes) => (codes.some((code) => keys.has(code)) ? 1 : 0);
  const ahead = held("KeyW", "ArrowUp") - held("KeyS", "ArrowDown");
  const aside = held("KeyD", "ArrowRight") - held("KeyA", "ArrowLeft");
  if (!ahead && !aside) return;
  const step = seconds * (held("ShiftLeft", "ShiftRight") ? 12 : 4);
  const yaw = camera.rotation.y;
  const x = camera.position.x + step * (-Math.sin(yaw) * ahead + Math.cos(yaw) * aside);
  const z = camera.position.z + step * (-Math.cos(yaw) * ahead - Math.sin(yaw) * aside);
  if (!isInRange(x, z)) return;
  camera.position.x = x;
  camera.position.z = z;
  down.set(camera.position.clone().setY(camera.position.y + 2), new THREE.Vector3(0, -1, 0));
  const hit = down.intersectObjects(ground, false)[0];
  if (hit) camera.position.y = hit.point.y + layout.spawn.eye_height_m;
}

function resize() {
  renderer.setSize(innerWidth, innerHeight);
  camera.aspect = innerWidth / innerHeight;
  camera.updateProjectionMatrix();
  wake();
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
  if (keys.size) wake();
  if (framesToDraw-- > 0 || layers.splats.visible) renderer.render(scene, camera);
});
const problems = [];
await Promise.all(
  [addSky, addMesh, addColliders, addSplats].map((load) => load().then(wake, (error) => problems.push(`${load.name}: ${error.message}`))),
);
renderer.shadowMap.needsUpdate = true;
gatherLight();
wake();
text.textContent = problems.length ? problems.join("; ") : `${layout.world} · drag to look, W A S D to walk`;
document.body.dataset.state = problems.length ? "failed" : "ready";
