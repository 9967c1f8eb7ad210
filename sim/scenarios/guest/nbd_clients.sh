# SPDX-License-Identifier: Apache-2.0
# In the guest: clients that need a kernel, against vmedia-nbd. /lab has
# disk.img, the keys, the certificates. Each line "NAME KEY VALUE" is a result
# that sim/scenarios/test_guest.py looks at.
# shellcheck shell=sh
# shellcheck disable=SC2154 # $port and $unixsocket come from --run
set -u

sum() { sha256sum <"$1" | cut -d' ' -f1; }
counter() { sed -n "s/^$1[[:space:]]*//p" /proc/net/tls_stat; }

# with NAME SERVER-OPTIONS...: serves a copy of the image while `client NAME`
# runs, with its log and what the kernel counted of TLS.
with() {
    name=$1
    shift
    cp /lab/disk.img disk.img
    sent=$(counter TlsTxSw)
    received=$(counter TlsRxSw)
    vmedia-nbd -f -v "$@" file disk.img --run "sh /script client $name" \
        2>"$name.log"
    echo "$name status $?"
    echo "$name kernel-sends $(($(counter TlsTxSw) - sent))"
    echo "$name kernel-receives $(($(counter TlsRxSw) - received))"
    sed "s/^/$name log /" "$name.log"
    echo "$name file $(sum disk.img)"
}

# What is done with a device: all of it read, some of it written.
use() {
    # With ioctls, nbd-client's child connects the device behind our back, and
    # busybox's uevent, which never ends, would miss what came before it
    # listened: looks each 10 ms, for about 5 s.
    tries=0
    until [ "$(cat "/sys/block/${1##*/}/size")" -gt 0 ] || [ $tries -gt 500 ]
    do
        tries=$((tries + 1))
        usleep 10000
    done
    echo "$name size $(cat "/sys/block/${1##*/}/size")"
    echo "$name device $(sum "$1")"
    tr '\0' w </dev/zero | head -c 65536 |
        dd of="$1" bs=4096 seek=16 conv=fsync 2>/dev/null ||
        echo "$name error cannot write"
}

tls="-certfile /lab/pki/client-cert.pem -keyfile /lab/pki/client-key.pem
    -cacertfile /lab/pki/ca-cert.pem -tlshostname localhost"
psk="tls-creds-psk,id=t,dir=/lab/keys,username=alice,endpoint=client"

client() {
    name=$1
    nbd=/dev/nbd0
    # shellcheck disable=SC2086 # $tls: options, one word each
    case $name in
    kernel-tcp) nbd-client 127.0.0.1 "$port" $nbd ;;
    kernel-several) nbd-client -connections 4 127.0.0.1 "$port" $nbd ;;
    kernel-ioctl) nbd-client -nonetlink 127.0.0.1 "$port" $nbd ;;
    kernel-unix) nbd-client -unix "$unixsocket" $nbd ;;
    kernel-x509) nbd-client 127.0.0.1 "$port" $nbd $tls ;;
    qemu-psk)
        qemu-nbd -c $nbd --object $psk --image-opts \
            "driver=nbd,host=127.0.0.1,port=$port,tls-creds=t" --fork
        ;;
    copy-psk)
        nbdcopy "nbds://alice@127.0.0.1:$port/?tls-psk-file=/lab/keys/keys.psk" \
            copied
        ;;
    esac >"$name.out" 2>&1 || {
        echo "$name error $(tr '\n' ' ' <"$name.out")"
        return 1
    }
    if [ "$name" = copy-psk ]; then
        echo "$name device $(sum copied)"
        return
    fi
    use $nbd
    case $name in
    qemu-*) qemu-nbd -d $nbd ;;
    *) nbd-client -d $nbd ;;
    esac >/dev/null 2>&1 || echo "$name error cannot disconnect"
}

if [ "${1-}" = client ]; then
    client "$2"
    exit
fi

mkdir -p /var/lock # for qemu-nbd
# As root's own, whoever owns the shared folder.
cp -r /lab/keys /lab/pki .
chmod 600 keys/* pki/*
with kernel-tcp -p 0
with kernel-several -p 0
with kernel-ioctl -p 0
with kernel-unix
with kernel-x509 -p 0 --tls=require --tls-certificates pki --tls-verify-peer
with qemu-psk -p 0 --tls=require --tls-psk keys/keys.psk
with copy-psk -p 0 --tls=require --tls-psk keys/keys.psk
