#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# /init of `vmedia-sim guest`: modules, loopback network, the shared folder,
# and then /script, which is what it is all for.
#
# vmedia-sim waits for the lines that start with "vmedia-guest:"
# (sim/guest.cpp). Change both or neither.

export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
exec </dev/null >/dev/console 2>&1

while read -r module; do
    # The parameters of a module come with its name, hence no quotes.
    # shellcheck disable=SC2086
    modprobe $module || echo "modprobe $module: status $?"
done </etc/modules
ip link set lo up
echo "127.0.0.1 localhost" >/etc/hosts
case " $(cat /proc/cmdline) " in
*" vmedia.share "*)
    mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=262144 share /lab ||
        echo "the shared folder does not mount"
    ;;
esac

cd /tmp || poweroff -f
echo "vmedia-guest: begin"
sh /script
echo "vmedia-guest: status $?"
poweroff -f
