// Unpacks the buffer views of a meshopt-compressed GLB with meshoptimizer's own decoder and writes them end to end.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [toolsFolder, file, target] = process.argv.slice(2);
const { resolve } = createRequire(`${toolsFolder}/package.json`);
const { MeshoptDecoder } = await import(pathToFileURL(resolve("meshoptimizer")).href);
await MeshoptDecoder.ready;
const bytes = new Uint8Array(readFileSync(file));
const table = new DataView(bytes.buffer, bytes.byteOffset);
const jsonBytes = table.getUint32(12, true);
const document = JSON.parse(new TextDecoder().decode(bytes.subarray(20, 20 + jsonBytes)));
const binary = bytes.subarray(28 + jsonBytes);
const unpacked = new Uint8Array(document.buffers[1].byteLength);
for (const view of document.bufferViews) {
  const packed = view.extensions?.EXT_meshopt_compression;
  if (!packed) continue;
  const source = binary.subarray(packed.byteOffset, packed.byteOffset + packed.byteLength);
  const rows = unpacked.subarray(view.byteOffset, view.byteOffset + packed.count * packed.byteStride);
  MeshoptDecoder.decodeGltfBuffer(rows, packed.count, packed.byteStride, source, packed.mode, packed.filter ?? "NONE");
}
writeFileSync(target, unpacked);
process.exit(0);
