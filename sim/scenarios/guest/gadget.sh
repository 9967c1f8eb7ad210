# SPDX-License-Identifier: Apache-2.0
# In the guest, which is BMC and host in one: the gadget library's test, first
# while another driver has a controller, then without. Its lines are what
# sim/scenarios/test_gadget.py looks at.
# shellcheck shell=sh
set -eu

dmesg -n 2 # else the kernel talks into the test's lines
mount -t configfs config /sys/kernel/config
name=Kernel.aControllerThatAnotherDriverHasIsSkipped
TAKEN=dummy_udc.0 vmedia_gadget_kernel_test --gtest_filter=$name
rmmod g_serial
vmedia_gadget_kernel_test --gtest_filter="-$name"
