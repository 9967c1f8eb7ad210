// SPDX-License-Identifier: Apache-2.0
/**
 * An NBD server that does what the pages of OpenBMC do (jsnbd, webui-vue's
 * NBDServer.js), written anew: what a suite says about it, it says about them.
 *
 * NBD_OPT_EXPORT_NAME alone, whatever name; every other option, even
 * NBD_OPT_ABORT, is refused. Client flags and command flags are not looked at.
 * A READ past the end is ENOSPC, and the end. All READs at once, replies as
 * they come, and nobody looks at bufferedAmount. What came is copied with every
 * message, and a text message is taken for bytes. Close frames have no code.
 */

const eperm = 1;
const eio = 5;
const einval = 22;
const enospc = 28;

function filled(size, ...words) {
    const view = new DataView(new ArrayBuffer(size));
    words.forEach((word, i) => view.setUint32(4 * i, word));
    return view;
}

class Page {
    constructor(socket, file) {
        this.socket = socket;
        this.file = file;
        this.kept = null;
        this.next = null;
    }

    greet() {
        const greeting = filled(18, 0x4e42444d, 0x41474943, 0x49484156, 0x454f5054);
        greeting.setUint16(16, 3); // fixed newstyle, no zeroes
        this.next = this.onFlags;
        this.socket.send(greeting.buffer);
    }

    onMessage(data) {
        if (this.kept === null) {
            this.kept = data;
        } else {
            const both = new Uint8Array(this.kept.byteLength + data.byteLength);
            both.set(new Uint8Array(this.kept));
            both.set(new Uint8Array(data), this.kept.byteLength);
            this.kept = both.buffer;
        }
        while (this.kept !== null) {
            const used = this.next ? this.next(this.kept) : -1;
            if (used < 0) {
                this.stop();
            }
            if (used <= 0) {
                return;
            }
            this.kept = used === this.kept.byteLength ? null : this.kept.slice(used);
        }
    }

    /** The next ones give how many bytes they took, 0 for too few, -1 for bad. */
    onFlags(bytes) {
        if (bytes.byteLength < 4) {
            return 0;
        }
        this.zeroes = (new DataView(bytes).getUint32(0) & 2) === 0;
        this.next = this.onOption;
        return 4;
    }

    onOption(bytes) {
        if (bytes.byteLength < 16) {
            return 0;
        }
        const view = new DataView(bytes);
        if (view.getUint32(0) !== 0x49484156 || view.getUint32(4) !== 0x454f5054) {
            return -1;
        }
        const option = view.getUint32(8);
        const size = 16 + view.getUint32(12);
        if (bytes.byteLength < size) {
            return 0;
        }
        if (option === 1) {
            const high = Math.floor(this.file.size / 2 ** 32);
            const answer = filled(this.zeroes ? 134 : 10, high, this.file.size % 2 ** 32);
            answer.setUint16(8, 3); // has flags, read-only
            this.next = this.onRequest;
            this.socket.send(answer.buffer);
        } else {
            this.socket.send(filled(20, 0x0003e889, 0x045565a9, option, 0x80000001, 0).buffer);
        }
        return size;
    }

    onRequest(bytes) {
        if (bytes.byteLength < 28) {
            return 0;
        }
        const view = new DataView(bytes);
        if (view.getUint32(0) !== 0x25609513) {
            return -1;
        }
        const cookie = [view.getUint32(8), view.getUint32(12)];
        const offset = view.getUint32(16) * 2 ** 32 + view.getUint32(20);
        const length = view.getUint32(24);
        switch (view.getUint16(6)) {
            case 0:
                this.read(cookie, offset, length);
                return 28;
            case 1:
                if (bytes.byteLength < 28 + length) {
                    return 0;
                }
                this.reply(eperm, cookie);
                return 28 + length;
            case 2:
                this.stop();
                return 28;
            case 4:
                this.reply(eperm, cookie);
                return 28;
            default:
                this.reply(einval, cookie);
                return 28;
        }
    }

    read(cookie, offset, length) {
        if (offset + length > this.file.size) {
            this.reply(enospc, cookie);
            this.stop();
            return;
        }
        const reader = new FileReader();
        reader.onload = () => this.reply(0, cookie, new Uint8Array(reader.result));
        reader.onerror = () => this.reply(eio, cookie);
        reader.readAsArrayBuffer(this.file.slice(offset, offset + length));
    }

    reply(error, cookie, data = []) {
        const header = filled(16 + data.length, 0x67446698, error, ...cookie);
        new Uint8Array(header.buffer, 16).set(data);
        this.socket.send(header.buffer);
    }

    stop() {
        if (this.socket.readyState === WebSocket.OPEN) {
            this.socket.close();
            this.next = null;
        }
    }
}

export function serve(socket, file) {
    const page = new Page(socket, file);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => page.greet();
    socket.onmessage = ({ data }) => page.onMessage(data);
}
