// SPDX-License-Identifier: Apache-2.0
// Node.js as a client of `vmedia-conform ws-client`:
//
//   node client.mjs [--ca FILE] SERVER.js IMAGE
//
// As browser.mjs, with the WebSocket of npm's ws.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { clientArguments, load, readable, serverOf } from "./tool.mjs";

const { WebSocket } = await load("ws");
const [options, script, image] = clientArguments("client.mjs [--ca FILE]", { ca: { type: "string" } });
const serve = await serverOf(script);
const file = await readable(image);
const ca = options.ca && readFileSync(options.ca);

function session(url) {
    const socket = new WebSocket(url, { ca });
    let error;
    socket.on("error", ({ message }) => (error = message));
    socket.on("close", (code, reason) =>
        console.log(JSON.stringify({ url, code, clean: code !== 1006, reason: reason.toString(), error })));
    serve(socket, file);
}

for await (const url of createInterface({ input: process.stdin })) {
    try {
        session(url);
    } catch ({ message }) {
        console.log(JSON.stringify({ url, code: 1006, clean: false, reason: "", error: message }));
    }
}
process.exit(); // sessions that are open end with it
