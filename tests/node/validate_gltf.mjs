// Prints the Khronos validator's report on each GLB file named on the command line, as one JSON array.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [toolsFolder, ...files] = process.argv.slice(2);
const validator = createRequire(`${toolsFolder}/package.json`)("gltf-validator");
const reports = [];
for (const file of files) {
  reports.push(await validator.validateBytes(new Uint8Array(readFileSync(file)), { uri: file, maxIssues: 200 }));
}
process.stdout.write(JSON.stringify(reports));
