// SPDX-License-Identifier: Apache-2.0
// What the programs here share.
import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** Ends the program with one line. */
export function giveUp(status, text) {
    console.error(text);
    process.exit(status);
}

process.on("uncaughtException", (error) => giveUp(3, error.message.split("\n")[0]));

/** A package of npm's; one line, and the end, where it is not installed. */
export async function load(name) {
    try {
        return await import(name);
    } catch (error) {
        if (error.code !== "ERR_MODULE_NOT_FOUND") {
            throw error;
        }
        const folder = fileURLToPath(new URL(".", import.meta.url));
        return giveUp(3, `${name} of npm is missing: run npm ci in ${folder}`);
    }
}

/** The command line of a client: its options, the module, the image. */
export function clientArguments(usage, options) {
    try {
        const { values, positionals } = parseArgs({ allowPositionals: true, options });
        if (positionals.length === 2) {
            return [values, ...positionals];
        }
    } catch {
        // the same line tells it
    }
    return giveUp(2, `usage: ${usage} SERVER.js IMAGE`);
}

/** The function serve(socket, file) of a module that was written for pages. */
export async function serverOf(script) {
    // As text: Node.js 18 asks the folder's package.json whether a .js is one.
    const { serve } = await import(`data:text/javascript;base64,${readFileSync(script, "base64")}`);
    return serve;
}

/** What serve() wants of a File; Node.js 18 has none that stays on the disk. */
export async function readable(path) {
    const handle = await open(path);
    const read = async (from, to) => {
        const bytes = new Uint8Array(to - from);
        const { bytesRead } = bytes.length > 0 ? await handle.read(bytes, 0, bytes.length, from) : { bytesRead: 0 };
        return bytes.buffer.slice(0, bytesRead);
    };
    return {
        size: (await handle.stat()).size,
        slice: (from, to) => ({ arrayBuffer: () => read(from, to) }),
    };
}
