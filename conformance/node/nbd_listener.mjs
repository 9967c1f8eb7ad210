// SPDX-License-Identifier: Apache-2.0
// nbd.js as a target of `vmedia-conform nbd-server`:
//
//   node nbd_listener.mjs SOCKET SERVER.js IMAGE
//
// Each client of the unix socket gets a WebSocket of its own, whose two ends are
// here; the function serve(socket, file) of SERVER.js has the other one.
import { createServer } from "node:net";
import { load, readable, serverOf } from "./tool.mjs";

const { WebSocket, WebSocketServer, createWebSocketStream } = await load("ws");
const [path, script, image] = process.argv.slice(2);
const serve = await serverOf(script);
const file = await readable(image);

const clients = new Map();
const gate = new WebSocketServer({ host: "127.0.0.1", port: 0 });
gate.on("connection", (socket, { url }) => {
    const client = clients.get(url);
    clients.delete(url);
    const stream = createWebSocketStream(socket);
    stream.on("error", () => client.destroy());
    client.on("error", () => stream.destroy());
    client.pipe(stream).pipe(client);
});
let visits = 0;
const listener = createServer((client) => {
    client.pause();
    client.on("error", () => {}); // it may go at any time
    const name = `/${++visits}`;
    clients.set(name, client);
    serve(new WebSocket(`ws://127.0.0.1:${gate.address().port}${name}`, { perMessageDeflate: false }), file);
});
gate.on("listening", () => listener.listen(path));
