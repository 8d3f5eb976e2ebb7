// Opens pages in a browser without a window and keeps a picture of each. Usage: look.mjs <tools> <browser> <folder> <jobs.json>;
// a job has "page" (a path with query and hash) and "picture" (a PNG to write).
import { readFileSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const [tools, executablePath, folder, jobsFile] = process.argv.slice(2);
const { resolve } = createRequire(`${tools}/package.json`);
const { default: puppeteer } = await import(pathToFileURL(resolve("puppeteer-core")).href);
const own = dirname(fileURLToPath(import.meta.url));
const roots = {
  "/vendor/three/": join(tools, "node_modules/three"),
  "/vendor/spark/": join(tools, "node_modules/@sparkjsdev/spark"),
  "/vendor/babylonjs/": join(tools, "node_modules/babylonjs"),
  "/vendor/babylonjs-loaders/": join(tools, "node_modules/babylonjs-loaders"),
  "/vendor/spz/": join(tools, "node_modules/@adobe/spz"),
  "/vendor/fflate/": join(tools, "node_modules/fflate"),
  "/pages/": own,
};
const types = { ".html": "text/html", ".js": "text/javascript", ".json": "application/json", ".wasm": "application/wasm" };

const server = createServer(async (request, response) => {
  const path = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname));
  const prefix = Object.keys(roots).find((each) => path.startsWith(each));
  const file = prefix ? join(roots[prefix], path.slice(prefix.length)) : join(folder, path === "/" ? "index.html" : path);
  try {
    const data = await readFile(file);
    response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream" });
    response.end(data);
  } catch {
    response.writeHead(404);
    response.end();
  }
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const base = `http://127.0.0.1:${server.address().port}`;
const args = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist", "--hide-scrollbars"];
const browser = await puppeteer.launch({ executablePath, headless: true, args });
// Splats are sorted by workers that say nothing when they are done: wait until the picture changes no more.
async function settled(page) {
  let [last, same] = [null, 0];
  for (let shot = 0; shot < 40 && !(shot > 5 && same >= 3); shot++) {
    await new Promise((done) => setTimeout(done, 2000));
    const data = Buffer.from(await page.screenshot());
    same = last?.equals(data) ? same + 1 : 0;
    last = data;
  }
  return last;
}

const results = [];
try {
  for (const job of JSON.parse(readFileSync(jobsFile, "utf8"))) {
    const page = await browser.newPage();
    const problems = [];
    page.on("pageerror", (error) => problems.push(error.message));
    await page.setViewport({ width: job.width ?? 640, height: job.height ?? 360 });
    await page.goto(base + job.page, { waitUntil: "domcontentloaded" });
    let state = "timeout";
    try {
      const ready = () => document.body?.dataset.state;
      state = await (await page.waitForFunction(ready, { timeout: 1000 * (job.timeout_s ?? 240) })).jsonValue();
      await page.addStyleTag({ content: "#bar { display: none }" });
      writeFileSync(job.picture, await settled(page));
    } catch (error) {
      problems.push(error.message);
    }
    const told = await page.evaluate(() => document.body?.dataset.told ?? document.getElementById("text")?.textContent ?? "");
    results.push({ state, told, problems });
    await page.close();
  }
} finally {
  await browser.close();
  server.close();
}
process.stdout.write(JSON.stringify(results));
