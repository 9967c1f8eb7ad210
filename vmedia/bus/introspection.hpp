// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <systemd/sd-bus-vtable.h>

#include <span>
#include <string>

namespace vmedia::bus
{

/// A table of sd-bus, and the interface that it is about.
struct Interface
{
    const char* name;
    const sd_bus_vtable* table; ///< from SD_BUS_VTABLE_START to _END
    /// Methods of a name that the table has, too, which sd-bus refuses; empty,
    /// or a table as well. They come before it: who asks for one of that name
    /// and takes the last (python-dbus does) gets the table's.
    const sd_bus_vtable* overloads = nullptr;
};

/// What Introspect() answers for an object without children: @p interfaces and
/// those that sd-bus gives to each object. sd-bus makes the same of its tables
/// but cannot say that a method has several signatures.
///
/// Source: D-Bus Specification, "Introspection Data Format".
/// Shape:  each type in a method or signal is a single letter, and has a name.
std::string introspectionOf(std::span<const Interface> interfaces);

} // namespace vmedia::bus
