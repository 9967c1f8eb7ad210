// SPDX-License-Identifier: Apache-2.0
// A server on npm's ws, as people write it:
//
//   node ws_server.mjs PORT [--tls DIRECTORY] [COMMAND [ARGUMENT...]]
//
// Sends back what it gets; or starts COMMAND for each client, whose descriptor
// 3 is then the other end of the WebSocket.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { load } from "./tool.mjs";

const { WebSocketServer, createWebSocketStream } = await load("ws");

let [port, ...command] = process.argv.slice(2);
port = Number(port);
const host = "127.0.0.1";
let place = { host, port };
if (command[0] === "--tls") {
    const read = (name) => readFileSync(`${command[1]}/${name}.pem`);
    const server = createServer({ cert: read("server-cert"), key: read("server-key") });
    place = { server: server.listen(port, host) };
    command = command.slice(2);
}

function echo(socket) {
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
}

function relay(socket) {
    const child = spawn(command[0], command.slice(1), { stdio: ["ignore", "inherit", "inherit", "pipe"] });
    const near = createWebSocketStream(socket);
    const far = child.stdio[3];
    near.on("error", () => {}); // ws has told the client
    far.on("error", () => {}); // the child is gone, which "close" tells
    near.pipe(far);
    far.pipe(near, { end: false });
    near.on("close", () => far.destroy());
    child.on("close", (status) => socket.close(status === 0 ? 1000 : 1011));
}

new WebSocketServer(place).on("connection", (socket) => {
    socket.on("error", () => {}); // or it ends the process
    command.length > 0 ? relay(socket) : echo(socket);
});
