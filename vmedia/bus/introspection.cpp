// SPDX-License-Identifier: Apache-2.0
#include "introspection.hpp"

#include <fmt/format.h>
#include <systemd/sd-bus.h>

#include <iterator>
#include <string_view>

namespace vmedia::bus
{

namespace
{

// Those of sd-bus itself. DTD and interfaces: "Introspection Data Format" and
// "Standard Interfaces".
constexpr std::string_view head =
    R"(<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"
"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
<node>
 <interface name="org.freedesktop.DBus.Peer">
  <method name="Ping"/>
  <method name="GetMachineId">
   <arg type="s" name="machine_uuid" direction="out"/>
  </method>
 </interface>
 <interface name="org.freedesktop.DBus.Introspectable">
  <method name="Introspect">
   <arg name="xml_data" type="s" direction="out"/>
  </method>
 </interface>
 <interface name="org.freedesktop.DBus.Properties">
  <method name="Get">
   <arg name="interface_name" direction="in" type="s"/>
   <arg name="property_name" direction="in" type="s"/>
   <arg name="value" direction="out" type="v"/>
  </method>
  <method name="GetAll">
   <arg name="interface_name" direction="in" type="s"/>
   <arg name="props" direction="out" type="a{sv}"/>
  </method>
  <method name="Set">
   <arg name="interface_name" direction="in" type="s"/>
   <arg name="property_name" direction="in" type="s"/>
   <arg name="value" direction="in" type="v"/>
  </method>
  <signal name="PropertiesChanged">
   <arg type="s" name="interface_name"/>
   <arg type="a{sv}" name="changed_properties"/>
   <arg type="as" name="invalidated_properties"/>
  </signal>
 </interface>
)";

/// One line for each letter of @p types; takes their names off @p names.
void writeArguments(std::string& xml, std::string_view types,
                    const char*& names, std::string_view direction)
{
    for (const char type : types)
    {
        const std::string_view name = names;
        names += name.size() + 1;
        fmt::format_to(std::back_inserter(xml),
                       "   <arg type=\"{}\" name=\"{}\"{}/>\n", type, name,
                       direction);
    }
}

void writeMember(std::string& xml, const sd_bus_vtable& row)
{
    switch (row.type)
    {
        case _SD_BUS_VTABLE_METHOD:
        {
            const auto& method = row.x.method;
            const char* names = method.names;
            xml += fmt::format("  <method name=\"{}\">\n", method.member);
            writeArguments(xml, method.signature, names, " direction=\"in\"");
            writeArguments(xml, method.result, names, " direction=\"out\"");
            xml += "  </method>\n";
            break;
        }
        case _SD_BUS_VTABLE_SIGNAL:
        {
            const auto& signal = row.x.signal;
            const char* names = signal.names;
            xml += fmt::format("  <signal name=\"{}\">\n", signal.member);
            writeArguments(xml, signal.signature, names, "");
            xml += "  </signal>\n";
            break;
        }
        case _SD_BUS_VTABLE_PROPERTY:
        {
            const auto& property = row.x.property;
            xml += fmt::format(
                "  <property name=\"{}\" type=\"{}\" access=\"read\">\n",
                property.member, property.signature);
            if ((row.flags & SD_BUS_VTABLE_PROPERTY_CONST) != 0)
            {
                xml += "   <annotation name=\"org.freedesktop.DBus.Property."
                       "EmitsChangedSignal\" value=\"const\"/>\n";
            }
            xml += "  </property>\n";
            break;
        }
        default: // where the table starts
            break;
    }
}

void writeMembers(std::string& xml, const sd_bus_vtable* table)
{
    for (; table != nullptr && table->type != _SD_BUS_VTABLE_END; ++table)
    {
        writeMember(xml, *table);
    }
}

} // namespace

std::string introspectionOf(std::span<const Interface> interfaces)
{
    std::string xml(head);
    for (const Interface& one : interfaces)
    {
        xml += fmt::format(" <interface name=\"{}\">\n", one.name);
        writeMembers(xml, one.overloads);
        writeMembers(xml, one.table);
        xml += " </interface>\n";
    }
    xml += "</node>\n";
    return xml;
}

} // namespace vmedia::bus
