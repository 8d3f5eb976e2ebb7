// Prints the Khronos validator's report on each GLB or glTF file named on the command line, as one JSON array.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const [toolsFolder, ...files] = process.argv.slice(2);
const validator = createRequire(`${toolsFolder}/package.json`)("gltf-validator");
const reports = [];
for (const file of files) {
  const externalResourceFunction = async (uri) => new Uint8Array(readFileSync(join(dirname(file), decodeURIComponent(uri))));
  const options = { uri: file, maxIssues: 200, externalResourceFunction };
  reports.push(await validator.validateBytes(new Uint8Array(readFileSync(file)), options));
}
process.stdout.write(JSON.stringify(reports));
