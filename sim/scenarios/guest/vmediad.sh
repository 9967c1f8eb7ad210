# SPDX-License-Identifier: Apache-2.0
# In the guest, which is BMC and host in one: vmediad with a real bus, nbd-client,
# kernel nbd and USB gadgets. Each line "NAME KEY VALUE" is a result that
# sim/scenarios/test_vmediad.py looks at.
# shellcheck shell=sh
set -u

service=xyz.openbmc_project.VirtualMedia
root=/xyz/openbmc_project/VirtualMedia
bus=unix:path=/run/bus
gadgets=/sys/kernel/config/usb_gadget

# until_true COMMAND...: gives up after about 20 s. Looks each 50 ms: neither
# configfs nor /proc raises an event when it changes.
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

sum() { sha256sum <"$1" | cut -d' ' -f1; }
call() { # SLOT METHOD: the reply's value, or the error's name
    dbus-send --bus=$bus --dest=$service --print-reply=literal \
        "$root/Proxy/$1" "$service.Proxy.$2" 2>&1 |
        sed 's/^ *//; s/^boolean //; s/^Error \([A-Za-z._]*\).*/\1/'
}
property() { # SLOT INTERFACE NAME
    dbus-send --bus=$bus --dest=$service --print-reply=literal \
        "$root/Proxy/$1" org.freedesktop.DBus.Properties.Get \
        "string:$service.$2" "string:$3" | sed 's/.* //'
}

# The outcomes of SLOT so far, oldest first.
outcomes() {
    grep -A1 "path=$root/Proxy/$1; .*member=Completion" signals.log |
        sed -n 's/^ *int32 //p'
}
has_outcomes() { [ "$(outcomes "$1" | wc -l)" -ge "$2" ]; }

# ask SLOT METHOD: calls it, and tells its Completion.
ask() {
    before=$(outcomes "$1" | wc -l)
    echo "$name $2 $(call "$1" "$2")"
    until_true has_outcomes "$1" $((before + 1))
    echo "$name completion $(outcomes "$1" | tail -n 1)"
}

# What a medium may have left.
look() {
    for gadget in "$gadgets"/*; do
        case $gadget in */other*) continue ;; esac
        [ ! -e "$gadget" ] || echo "$name gadget $gadget"
    done
    for device in nbd0 nbd1; do
        echo "$name sectors $(cat /sys/block/$device/size)"
    done
    ! pidof nbd-client >/dev/null || echo "$name still nbd-client"
    sed "s/^/$name said /" vmediad.log
    : >vmediad.log
}

is_there() { [ "$(cat "/sys/block/$1/size" 2>/dev/null || echo 0)" -gt 0 ]; }
is_gone() { ! is_there "$1"; }
listening() { [ -S "$1" ]; }
on_bus() { call ISO0 Nothing | grep -q UnknownMethod; }
inactive() { [ "$(property "$1" Process Active)" = false ]; }
descriptors() { find "/proc/$(pidof vmediad)/fd" -type l | wc -l; }
resident() { sed -n 's/^RssAnon:[^0-9]*\([0-9]*\).*/\1/p' \
    "/proc/$(pidof vmediad)/status"; }

start() {
    vmediad --config /lab/virtual-media.json --bus $bus >>vmediad.log 2>&1 &
    daemon=$!
    until_true on_bus
}

dmesg -n 2 # else the kernel talks into these lines
mount -t configfs config /sys/kernel/config
mkdir -p /run/virtual-media
dbus-daemon --config-file=/lab/bus.conf --nofork >bus.log 2>&1 &
name=start
until_true listening /run/bus
dbus-monitor --address $bus "type='signal',sender='$service'" >signals.log \
    2>&1 &
cp /lab/disk.img disk.img
vmedia-nbd -f -r -U /run/virtual-media/ISO0.sock file /lab/disk.iso &
vmedia-nbd -f -U /run/virtual-media/USB1.sock file disk.img &
until_true listening /run/virtual-media/ISO0.sock
until_true listening /run/virtual-media/USB1.sock
: >vmediad.log
start
echo "$name ready $(property ISO0 Process Active)"
look

name=refused
echo "$name Unmount $(call ISO0 Unmount)"

name=iso
ask ISO0 Mount
echo "$name active $(property ISO0 Process Active)"
echo "$name again $(call ISO0 Mount)"
until_true is_there sr0 && echo "$name host $(sum /dev/sr0)"
echo "$name reads $(property ISO0 Stats ReadIO)"

name=disk # the other slot, meanwhile
ask USB1 Mount
until_true is_there sda && echo "$name host $(sum /dev/sda)"
tr '\0' w </dev/zero | head -c 65536 |
    dd of=/dev/sda bs=4096 seek=16 conv=fsync 2>/dev/null ||
    echo "$name error cannot write"
ask USB1 Unmount
echo "$name file $(sum disk.img)"
until_true is_gone sda

name=iso
ask ISO0 Unmount
until_true is_gone sr0
look

# A controller that somebody else has, each of them.
name=no-udc
for udc in 0 1; do
    other=$gadgets/other$udc
    mkdir -p $other/configs/c.1 $other/functions/mass_storage.usb0
    ln -s $other/functions/mass_storage.usb0 $other/configs/c.1/
    echo dummy_udc.$udc >$other/UDC
done
ask ISO0 Mount
look
echo >$gadgets/other0/UDC

name=eject
ask ISO0 Mount
until_true is_there sr0
eject /dev/sr0
until_true inactive ISO0
look

name=killed
ask ISO0 Mount
kill -9 $daemon
wait $daemon
start
look
ask ISO0 Mount
ask ISO0 Unmount
look

name=cycles
before=$(descriptors)
memory=$(resident)
for cycle in $(seq 20); do
    echo "$name cycle $cycle"
    ask ISO0 Mount
    ask ISO0 Unmount
done
no_more() { [ "$(descriptors)" -le "$before" ]; } # threads end a bit later
until_true no_more || echo "$name descriptors $before $(descriptors)"
echo "$name grown $(($(resident) - memory))"
look

name=end
ask ISO0 Mount
kill $daemon
wait $daemon
echo "$name status $?"
look
