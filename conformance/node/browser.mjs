// SPDX-License-Identifier: Apache-2.0
// Chromium as a client of `vmedia-conform ws-client`:
//
//   node browser.mjs [--insecure] [--subprotocol NAME] SERVER.js IMAGE
//
// Reads URLs from its standard input, one a line. A new page opens each as a
// WebSocket and gives it, with IMAGE as a File of an <input>, to the function
// serve(socket, file) of the module SERVER.js. One line of JSON for each session
// that has ended tells how. Ends with its input.
import { accessSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { clientArguments, load } from "./tool.mjs";

const { chromium } = await load("playwright-core");
const [options, script, image] = clientArguments(
    "browser.mjs [--insecure] [--subprotocol NAME]",
    { insecure: { type: "boolean" }, subprotocol: { type: "string" } });
accessSync(image);

const html = `<!DOCTYPE html><title>virtual media</title><input type="file">
<script type="module">
import { serve } from "./server.js";
window.ended = (url, protocols) => new Promise((resolve, reject) => {
    const socket = new WebSocket(url, protocols);
    socket.addEventListener("close", ({ code, wasClean, reason }) => resolve({ code, clean: wasClean, reason }));
    Promise.resolve(serve(socket, document.querySelector("input").files[0])).catch(reject);
});
</script>`;
const files = {
    "/": ["text/html", html],
    "/server.js": ["text/javascript", readFileSync(script)],
};

// Of a real host: a page from elsewhere may not speak to this machine.
const site = createServer(({ url }, response) => {
    const [type, content] = files[url] ?? ["text/plain", null];
    response.writeHead(content === null ? 404 : 200, { "Content-Type": type });
    response.end(content);
});
await new Promise((listening) => site.listen(0, "127.0.0.1", listening));

const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium", // of Debian
    // Playwright's own option tries with the certificate first, and dials again.
    args: options.insecure ? ["--ignore-certificate-errors"] : [],
    handleSIGHUP: false, handleSIGINT: false, handleSIGTERM: false,
});
const context = await browser.newContext();

async function newPage() {
    const page = await context.newPage();
    page.on("pageerror", ({ message }) => console.error(`the page: ${message}`));
    await page.goto(`http://127.0.0.1:${site.address().port}/`);
    await page.setInputFiles("input", image);
    await page.waitForFunction("window.ended");
    return page;
}

async function session(page, url) {
    const crashed = new Promise((_, reject) => page.on("crash", () => reject(new Error("the page crashed"))));
    const protocols = options.subprotocol ? [options.subprotocol] : [];
    try {
        return await Promise.race([page.evaluate(([to, as]) => window.ended(to, as), [url, protocols]), crashed]);
    } catch (error) {
        return { code: 1006, clean: false, reason: "", error: error.message.split("\n")[0] };
    }
}

let open = true;
async function stop() {
    open = false; // what ends now has not ended by itself
    await browser.close();
    process.exit();
}
for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"]) {
    process.on(signal, stop);
}

// A page takes a while, so that one is ready; but none is made while a session
// is on, for the memory of the browser is watched then.
let spare = newPage();
for await (const url of createInterface({ input: process.stdin })) {
    const page = await (spare ?? newPage());
    spare = null;
    session(page, url).then(async (end) => {
        if (open) {
            console.log(JSON.stringify({ url, ...end }));
            await page.close();
            spare ??= newPage();
        }
    });
}
await spare;
await stop();
