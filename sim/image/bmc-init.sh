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

# Sets $gadget to the device of the gadget that is plugged in, "" if none is.
# Without cat: under TCG each process that we start is slow.
findGadget() {
    gadget=
    for folder in /sys/bus/usb/devices/*; do
        product=
        read -r product 2>/dev/null <"$folder/idProduct"
        if [ "$product" = 0104 ]; then
            read -r gadget 2>/dev/null <"$folder/dev"
            return 0
        fi
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

# All of this is looked at again and again: busybox's uevent runs a program for
# each event and never ends, so that it would be a second loop to keep in step,
# and a socket of another process raises no event. There is no deadline because
# a machine waits for media as long as it is on; only the cable's port is waited
# for no longer than usbredirect lives.
# A USB cable serves one host at a time: usbredirect takes one connection and
# ends with it, so the next host needs a new one. It does not end with its
# device, so the next medium needs a new one too.
while :; do
    until findGadget; do usleep 50000; done
    plugged=$gadget
    usbredirect --device 1d6b:0104 --as 0.0.0.0:4000 &
    cable=$!
    until grep -q ':0FA0 00000000:0000 0A' /proc/net/tcp; do
        kill -0 $cable 2>/dev/null || break
        usleep 20000
    done
    kill -0 $cable 2>/dev/null && say "usb cable ready"
    while kill -0 $cable 2>/dev/null; do
        findGadget
        [ "$gadget" = "$plugged" ] || kill $cable
        usleep 500000 # each look costs a process; media change seldom
    done
    wait $cable
    say "usb cable free, usbredirect ended with status $?"
done
