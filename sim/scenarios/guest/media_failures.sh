# SPDX-License-Identifier: Apache-2.0
# In the guest, which is a BMC and its client in one: media that cannot be
# plugged in, and what is left of them. Each line "NAME KEY VALUE" is a result
# that sim/scenarios/test_media_failures.py looks at.
# shellcheck shell=sh
set -u

gadgets=/sys/kernel/config/usb_gadget

# until_true COMMAND...: gives up after about 20 s. Looks each 50 ms: configfs
# and /proc raise no event when they change.
until_true() {
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        if [ $tries -gt 400 ]; then
            echo "$name error waited in vain: $*"
            return 1
        fi
        usleep 50000
    done
}

push() {
    vmedia-nbd push -q /lab/disk.img wss://127.0.0.1/nbd/0 --user admin \
        --password-file "$1" --ca-file /lab/pki/ca-cert.pem >"$name.out" 2>&1
}

# What a medium may have left.
look() {
    for gadget in "$gadgets"/vmedia-*; do
        [ ! -e "$gadget" ] || echo "$name gadget $gadget"
    done
    echo "$name sectors $(cat /sys/block/nbd0/size)"
    for program in nbd-proxy nbd-client; do
        ! pidof $program >/dev/null || echo "$name still $program"
    done
    sed "s/^/$name said /" "$name.out"
    sed "s/^/$name httpd /" httpd.log
    : >httpd.log
}

fail_with() {
    name=$1
    push "$2"
    echo "$name status $?"
    look
}

# Somebody else's gadget on the only controller.
occupy() {
    mkdir -p $gadgets/other/strings/0x409 $gadgets/other/configs/c.1 \
        $gadgets/other/functions/mass_storage.usb0
    ln -s $gadgets/other/functions/mass_storage.usb0 $gadgets/other/configs/c.1/
    echo dummy_udc.0 >$gadgets/other/UDC
}

bound() { [ -n "$(cat $gadgets/vmedia-0/UDC 2>/dev/null)" ]; }
listening() { grep -q ':01BB 00000000:0000 0A' /proc/net/tcp; }
free_again() { grep -q 'slot 0 is free' httpd.log; }

mount -t configfs config /sys/kernel/config
mkdir -p /etc/nbd-proxy /var/run bmc
cp /lab/config.json /etc/nbd-proxy/
ln -s /usr/bin/state /etc/nbd-proxy/
cp /lab/users /lab/pki/server-*.pem bmc/
chmod 600 bmc/*
vmedia-httpd --listen 127.0.0.1:443 --certificate bmc/server-cert.pem \
    --key bmc/server-key.pem --users bmc/users >>httpd.log 2>&1 &
name=start
until_true listening
: >httpd.log

fail_with wrong-password /lab/wrong
occupy
fail_with no-udc /lab/password
echo >$gadgets/other/UDC

name=afterwards
push /lab/password &
until_true bound && echo "$name bound $(cat $gadgets/vmedia-0/UDC)"
echo "$name device $(sha256sum </dev/nbd0 | cut -d' ' -f1)"
kill -INT "$(pidof vmedia-nbd)"
wait $!
echo "$name status $?"
until_true free_again
look
