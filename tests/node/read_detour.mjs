// Loads a navmesh with Detour (recast-navigation) and prints the paths that it finds between pairs of points.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [toolsFolder, file, pairsFile] = process.argv.slice(2);
const { resolve } = createRequire(`${toolsFolder}/package.json`);
const load = (name) => import(pathToFileURL(resolve(name)).href);
const { init, importNavMesh, NavMeshQuery } = await load("@recast-navigation/core");
await init((await load("@recast-navigation/wasm")).default);
const { navMesh } = importNavMesh(new Uint8Array(readFileSync(file)));
const query = new NavMeshQuery(navMesh);
const paths = JSON.parse(readFileSync(pairsFile, "utf8")).map(([start, goal]) => {
  const from = query.findNearestPoly({ x: start[0], y: start[1], z: start[2] });
  const to = query.findNearestPoly({ x: goal[0], y: goal[1], z: goal[2] });
  const found = query.computePath(
    { x: start[0], y: start[1], z: start[2] },
    { x: goal[0], y: goal[1], z: goal[2] },
    { maxPathPolys: 4096, maxStraightPathPoints: 4096 },
  );
  return {
    success: found.success,
    path: found.path.map((point) => [point.x, point.y, point.z]),
    nearest: [from.nearestPoint, to.nearestPoint].map((point) => [point.x, point.y, point.z]),
  };
});
process.stdout.write(JSON.stringify(paths));
process.exit(0);
