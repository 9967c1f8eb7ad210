#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# /init of the host VM: finds the medium, reads all of it, says its SHA-256.
#
# Every line that starts with "vmedia-host:" is evidence that vmedia-sim waits
# for; sim/stages.cpp lists them. Change both or neither.

export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
exec </dev/null >/dev/console 2>&1
say() { echo "vmedia-host: $*"; }
say "user space"

while read -r module; do
    # The parameters of a module come with its name, hence no quotes.
    # shellcheck disable=SC2086
    modprobe $module || say "modprobe $module: status $?"
done </etc/modules

# The only disk or CD of this machine is the virtual medium; a size of 0 is a
# drive whose medium the kernel has not looked at yet.
findMedium() {
    for block in /sys/block/sr* /sys/block/sd*; do
        sectors=$(cat "$block/size" 2>/dev/null) || continue
        device=/dev/${block##*/}
        # sr0 starts with a made-up size of 1 GiB until READ CAPACITY came.
        dd if="$device" of=/dev/null bs=2048 count=1 2>/dev/null || continue
        sectors=$(cat "$block/size")
        [ "$sectors" -gt 0 ] && return 0
    done
    return 1
}
# Looked at again each 50 ms, for about 30 s: a uevent comes when the device
# does, but unless the kernel is told to poll, none when a drive's medium has
# become ready to be read.
tries=0
until findMedium; do
    tries=$((tries + 1))
    if [ $tries -gt 600 ]; then
        # shellcheck disable=SC2012 # names that the kernel gave
        say "no medium: $(ls /sys/block | tr '\n' ' ')"
        poweroff -f
    fi
    usleep 50000
done
size=$((sectors * 512))
say "medium $device $size bytes"

mi=1048576
mib=0
{
    while [ $((mib * mi)) -lt $size ]; do
        dd if="$device" bs=1M count=8 skip=$mib 2>/dev/null ||
            say "read error after $mib MiB" >/dev/console
        mib=$((mib + 8))
        say "read $((mib > size / mi ? size / mi : mib)) of $((size / mi)) MiB" >/dev/console
    done
} | sha256sum >/sum
say "sha256 $(cut -d' ' -f1 /sum)"
poweroff -f
