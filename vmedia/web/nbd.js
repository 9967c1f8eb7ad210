// SPDX-License-Identifier: Apache-2.0
/**
 * An NBD server over a File, on the WebSocket of a BMC:
 *
 *     import { serve } from "./nbd.js";
 *     const { code, reason, clean } = await serve(new WebSocket(url), file);
 *
 * One export, read-only, its name "" or the file's. Runs in a page, in a worker,
 * and on Node.js over the package ws.
 *
 * Bounds: a message has at most 64 KiB, and no more is sent while 256 KiB wait
 * to go (bmcweb gives up at 128 KiB and 512 KiB). An option keeps 8 KiB, a READ
 * has at most 32 MiB, and what came and was not looked at 16 MiB.
 *
 * Errors: what the client does wrong ends the session with a code of `Close`;
 * a file that cannot be read any more is NBD_EIO of that request.
 */

/** Why we close, as a WebSocket's code; a script may send no other ones. */
export const Close = { done: 1000, text: 4001, protocol: 4002, noExport: 4004, tooMuch: 4008 };

const messageMax = 64 * 1024;
const waitingMax = 256 * 1024;
const unreadMax = 16 * 1024 * 1024;
const optionMax = 8 * 1024;
const optionsMax = 1024;
const readMax = 32 * 1024 * 1024;

const optionMagic = 0x49484156454f5054n; // IHAVEOPT
const replyMagic = 0x3e889045565a9n;
const requestMagic = 0x25609513;
const simpleReplyMagic = 0x67446698;

const Opt = { exportName: 1, abort: 2, list: 3, info: 6, go: 7 };
const Rep = { ack: 1, server: 2, info: 3, unsup: 0x80000001, invalid: 0x80000003, unknown: 0x80000006 };
const Info = { export: 0, blockSize: 3 };
const Cmd = { read: 0, write: 1, disc: 2, trim: 4, writeZeroes: 6 };
const Errno = { perm: 1, io: 5, inval: 22 };

const fixedNewstyle = 1;
const noZeroes = 2;
const exportFlags = 1 | 2; // NBD_FLAG_HAS_FLAGS, NBD_FLAG_READ_ONLY

/** Why a session ends before its client says so. */
class Failure extends Error {
    constructor(code, text) {
        super(text);
        this.code = code;
    }
}

/** A message of big-endian fields: [bytes of the field, value] or bytes. */
function packed(...fields) {
    const sizes = fields.map((field) => (field instanceof Uint8Array ? field.length : field[0]));
    const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
    const view = new DataView(bytes.buffer);
    let at = 0;
    fields.forEach((field, i) => {
        if (field instanceof Uint8Array) {
            bytes.set(field, at);
        } else if (sizes[i] === 8) {
            view.setBigUint64(at, BigInt(field[1]));
        } else if (sizes[i] === 4) {
            view.setUint32(at, field[1]);
        } else {
            view.setUint16(at, field[1]);
        }
        at += sizes[i];
    });
    return bytes;
}

/** What came, in order, until somebody takes it; nothing is copied twice. */
class Intake {
    #chunks = [];
    #head = 0; // the first chunk that is not taken, and …
    #at = 0; // … what of it is
    #size = 0;
    #wake = () => {};
    failure = null; // once set, it is what a taker gets

    put(chunk) {
        this.#chunks.push(chunk);
        this.#size += chunk.length;
        if (this.#size > unreadMax) {
            this.fail(new Failure(Close.tooMuch, "requests come faster than they can be served"));
        }
        this.#wake();
    }

    fail(failure) {
        this.failure ??= failure;
        this.#wake();
    }

    /** Resolves when something changed, or after @p time ms if given. */
    changed(time) {
        return new Promise((resolve) => {
            const timer = time === undefined ? undefined : setTimeout(resolve, time);
            this.#wake = () => {
                clearTimeout(timer);
                resolve();
            };
        });
    }

    /** Gives the next @p size bytes to @p taker, as they come. */
    async #drain(size, taker) {
        for (let left = size; left > 0;) {
            if (this.failure) {
                throw this.failure;
            }
            if (this.#size === 0) {
                await this.changed();
                continue;
            }
            const chunk = this.#chunks[this.#head];
            const piece = chunk.subarray(this.#at, this.#at + left);
            taker(piece, size - left);
            left -= piece.length;
            this.#size -= piece.length;
            this.#at += piece.length;
            if (this.#at === chunk.length) {
                this.#at = 0;
                this.#chunks[this.#head++] = null;
            }
            if (this.#head === this.#chunks.length || this.#head > 1000) {
                this.#chunks.splice(0, this.#head);
                this.#head = 0;
            }
        }
    }

    async take(size) {
        const bytes = new Uint8Array(size);
        await this.#drain(size, (piece, at) => bytes.set(piece, at));
        return new DataView(bytes.buffer);
    }

    skip(size) {
        return this.#drain(size, () => {});
    }
}

/** One client: what it is told, and in what order. */
class Session {
    constructor(socket, file, intake) {
        this.socket = socket;
        this.file = file;
        this.intake = intake;
    }

    async run() {
        await this.send(packed([8, 0x4e42444d41474943n], [8, optionMagic], [2, fixedNewstyle | noZeroes]));
        const flags = (await this.intake.take(4)).getUint32(0);
        if ((flags & ~(fixedNewstyle | noZeroes)) !== 0) {
            throw new Failure(Close.protocol, `unknown client flags ${flags}`);
        }
        this.clientFlags = flags;
        for (let i = 0; await this.haggle(); ++i) {
            if (i === optionsMax) {
                throw new Failure(Close.tooMuch, "options without end");
            }
        }
        while (await this.request()) {}
    }

    /** @p bytes, in messages that a small BMC can take, when they can go. */
    async send(bytes) {
        for (let at = 0; at < bytes.length; at += messageMax) {
            // No event tells that it can go on; but a client that reads asks,
            // and asking wakes us where a hidden page's timers are slow.
            while (this.socket.bufferedAmount > waitingMax) {
                if (this.intake.failure) {
                    throw this.intake.failure;
                }
                await this.intake.changed(5);
            }
            this.socket.send(bytes.subarray(at, at + messageMax));
        }
    }

    reply(option, type, data = new Uint8Array()) {
        return this.send(packed([8, replyMagic], [4, option], [4, type], [4, data.length], data));
    }

    /** One option; whether another one may follow. */
    async haggle() {
        const header = await this.intake.take(16);
        if (header.getBigUint64(0) !== optionMagic) {
            throw new Failure(Close.protocol, "no IHAVEOPT where an option begins");
        }
        const option = header.getUint32(8);
        const length = header.getUint32(12);
        const fixed = (this.clientFlags & fixedNewstyle) !== 0;
        if (option !== Opt.exportName && !fixed) {
            throw new Failure(Close.protocol, "an option without NBD_FLAG_C_FIXED_NEWSTYLE");
        }
        const known = Object.values(Opt).includes(option);
        if (!known || length > optionMax) {
            if (option === Opt.exportName) {
                throw new Failure(Close.noExport, "a name that is too long");
            }
            await this.intake.skip(length);
            await this.reply(option, known ? Rep.invalid : Rep.unsup);
            return true;
        }
        const data = await this.intake.take(length);
        switch (option) {
            case Opt.exportName:
                return this.onExportName(data);
            case Opt.abort:
                await this.reply(option, Rep.ack);
                throw new Failure(Close.done, "");
            case Opt.list:
                if (length > 0) {
                    await this.reply(option, Rep.invalid);
                } else {
                    await this.reply(option, Rep.server, packed([4, 0]));
                    await this.reply(option, Rep.ack);
                }
                return true;
            default:
                return this.onInfo(option, data);
        }
    }

    isOurs(name) {
        return name === "" || name === this.file.name;
    }

    async onExportName(data) {
        if (!this.isOurs(textOf(data, 0, data.byteLength))) {
            throw new Failure(Close.noExport, "no export of that name");
        }
        const zeroes = (this.clientFlags & noZeroes) !== 0 ? 0 : 124;
        await this.send(packed([8, this.file.size], [2, exportFlags], new Uint8Array(zeroes)));
        return false;
    }

    async onInfo(option, data) {
        const size = data.byteLength;
        const name = size >= 6 ? data.getUint32(0) : size;
        if (name > size - 6 || size !== 6 + name + 2 * data.getUint16(4 + name)) {
            await this.reply(option, Rep.invalid);
            return true;
        }
        if (!this.isOurs(textOf(data, 4, name))) {
            await this.reply(option, Rep.unknown);
            return true;
        }
        await this.reply(option, Rep.info, packed([2, Info.export], [8, this.file.size], [2, exportFlags]));
        for (let at = 6 + name; at < size; at += 2) {
            if (data.getUint16(at) === Info.blockSize) {
                const sizes = packed([2, Info.blockSize], [4, 1], [4, 4096], [4, readMax]);
                await this.reply(option, Rep.info, sizes);
                break;
            }
        }
        await this.reply(option, Rep.ack);
        return option !== Opt.go;
    }

    /** One request; whether another one may follow. */
    async request() {
        const header = await this.intake.take(28);
        if (header.getUint32(0) !== requestMagic) {
            throw new Failure(Close.protocol, "no magic where a request begins");
        }
        const flags = header.getUint16(4);
        const command = header.getUint16(6);
        const cookie = header.getBigUint64(8);
        const offset = header.getBigUint64(16);
        const length = header.getUint32(24);
        if (command === Cmd.disc) {
            return false;
        }
        if (command === Cmd.write) {
            await this.intake.skip(length);
        }
        const simple = (error, data = new Uint8Array()) =>
            this.send(packed([4, simpleReplyMagic], [4, error], [8, cookie], data));
        if ([Cmd.write, Cmd.trim, Cmd.writeZeroes].includes(command)) {
            await simple(Errno.perm);
        } else if (command !== Cmd.read || flags !== 0 || length > readMax ||
            offset + BigInt(length) > BigInt(this.file.size)) {
            await simple(Errno.inval);
        } else {
            const bytes = await this.read(Number(offset), length);
            await (bytes ? simple(0, bytes) : simple(Errno.io));
        }
        return true;
    }

    async read(offset, length) {
        try {
            const bytes = new Uint8Array(await this.file.slice(offset, offset + length).arrayBuffer());
            return bytes.length === length ? bytes : null;
        } catch {
            return null; // it is gone, or was changed
        }
    }
}

function textOf(view, at, size) {
    return new TextDecoder().decode(new Uint8Array(view.buffer, at, size));
}

/**
 * Serves @p file on @p socket, which is open or will be. Resolves once the
 * connection has ended: `clean` says whether with a closing handshake, `reason`
 * is theirs or ours.
 */
export function serve(socket, file) {
    const intake = new Intake();
    const run = async () => {
        let end = new Failure(Close.done, "");
        try {
            await new Session(socket, file, intake).run();
        } catch (error) {
            if (!(error instanceof Failure)) {
                socket.close(4000);
                throw error;
            }
            end = error;
        }
        socket.close(end.code, end.message);
    };
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => {
        if (data instanceof ArrayBuffer) {
            if (data.byteLength > 0) {
                intake.put(new Uint8Array(data));
            }
        } else {
            intake.fail(new Failure(Close.text, "NBD comes in binary messages"));
        }
    });
    return new Promise((resolve, reject) => {
        const start = () => run().catch(reject);
        socket.addEventListener("close", ({ code, reason, wasClean }) => {
            intake.fail(new Failure(Close.done, ""));
            resolve({ code, reason, clean: wasClean });
        });
        if (socket.readyState === 1) {
            start();
        } else {
            socket.addEventListener("open", start);
        }
    });
}
