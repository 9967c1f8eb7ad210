#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# /init of the BMC VM. Brings up what a BMC's own boot would: modules, network,
# vmedia-httpd, and the USB cable to the host (usbredirect on port 4000).
#
# Every line that starts with "vmedia-bmc:" is evidence that vmedia-sim waits
# for; sim/stages.cpp lists them. Change both or neither.

# ttyS0 is the log; the kernel's own lines come there too.
say() { echo "vmedia-bmc: $*"; }

export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /run /tmp /var/run /lab
exec </dev/null >/dev/console 2>&1
say "user space"

case " $(cat /proc/cmdline) " in
*" vmedia.probe "*)
    say "probe"
    poweroff -f
    ;;
esac

while read -r module; do
    # The parameters of a module come with its name, hence no quotes.
    # shellcheck disable=SC2086
    modprobe $module || say "modprobe $module: status $?"
done </etc/modules
mount -t configfs config /sys/kernel/config || say "no configfs"
ip link set lo up
ip link set eth0 up
ip addr add 192.0.2.15/24 dev eth0 # where hostfwd= sends connections

if ! mount -t 9p -o trans=virtio,version=9p2000.L,ro lab /lab; then
    say "the lab share does not mount"
    poweroff -f
fi
# Copies belong to root, whoever owns the files on the machine outside.
mkdir -p /etc/vmedia /etc/nbd-proxy
cp /lab/cert.pem /lab/key.pem /lab/users /etc/vmedia/
cp /lab/config.json /etc/nbd-proxy/
chmod 600 /etc/vmedia/*

(
    vmedia-httpd --listen 0.0.0.0:443 --certificate /etc/vmedia/cert.pem \
        --key /etc/vmedia/key.pem --users /etc/vmedia/users \
        --proxy-config /etc/nbd-proxy/config.json \
        --nbd-proxy /usr/bin/nbd-proxy
    say "vmedia-httpd ended with status $?"
) &

gadgetPresent() {
    for product in /sys/bus/usb/devices/*/idProduct; do
        [ "$(cat "$product" 2>/dev/null)" = 0104 ] && return 0
    done
    return 1
}

# For people (vmedia-sim up): a root shell on the second serial port.
case " $(cat /proc/cmdline) " in
*" vmedia.shell "*)
    while :; do
        # The shell's port is its terminal, so that Ctrl-C works in it.
        setsid sh -c 'exec sh -l </dev/ttyS1 >/dev/ttyS1 2>&1'
    done &
    ;;
esac

# A USB cable serves one host at a time: usbredirect takes one connection and
# ends with it, so the next host needs a new one.
while :; do
    until gadgetPresent; do usleep 50000; done
    usbredirect --device 1d6b:0104 --as 0.0.0.0:4000 &
    cable=$!
    until grep -q ':0FA0 00000000:0000 0A' /proc/net/tcp; do
        [ -d /proc/$cable ] || break
        usleep 20000
    done
    [ -d /proc/$cable ] && say "usb cable ready"
    wait $cable
    say "usb cable free, usbredirect ended with status $?"
    usleep 100000
done
