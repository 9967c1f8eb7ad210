// SPDX-License-Identifier: Apache-2.0
#include "mount_object.hpp"

#include "mount_tables.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

namespace vmedia::bus
{

using service::Mode;
using service::Mount;
using service::Wish;

namespace
{

constexpr const char* introspectable = "org.freedesktop.DBus.Introspectable";

/// 1: the call is answered. sd-bus's own result is 0 if no answer was wanted,
/// and would have it look for somebody else to take the call.
template <typename T>
int reply(sd_bus_message* call, const char* type, T value)
{
    const int result = ::sd_bus_reply_method_return(call, type, value);
    return result < 0 ? result : 1;
}

int invalid(sd_bus_error* error, const std::string& text)
{
    return ::sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS, text.c_str());
}

int refuse(sd_bus_error* error, int number, const std::string& text)
{
    const char* name = ::strerrorname_np(number);
    return ::sd_bus_error_set(
        error,
        fmt::format("System.Error.{}", name != nullptr ? name : "EIO").c_str(),
        text.c_str());
}

/// Why, for people; the errno is in the error's name.
std::string refusalText(const service::Slot& slot, int number,
                        std::string_view method)
{
    const std::string& name = slot.mountPoint().name;
    const Mount::State state = slot.view().mount.state;
    if (number == EBUSY && state == Mount::State::ready)
    {
        return fmt::format("{} is free, but {} is in use by somebody else",
                           name, slot.mountPoint().device);
    }
    if (number == EBUSY)
    {
        return fmt::format("{} is {}; wait for the signal Completion", name,
                           service::name(state));
    }
    if (number == EPERM && state == Mount::State::ready)
    {
        return fmt::format("{} has no medium", name);
    }
    if (number == EPERM)
    {
        return fmt::format("{} has a medium; Unmount comes first", name);
    }
    if (number == EINVAL)
    {
        return fmt::format("{} cannot take that image or its secrets; "
                           "vmediad's log says why",
                           name);
    }
    if (number == ESHUTDOWN)
    {
        return "vmediad is ending";
    }
    return fmt::format("{} of {}: {}", method, name, std::strerror(number));
}

/// The descriptor that is next in @p call, as our own copy.
int takeDescriptor(sd_bus_message* call, const char* type, Wish& wish,
                   sd_bus_error* error)
{
    int theirs = -1;
    const int result = *type == 'v'
                           ? ::sd_bus_message_read(call, "v", "h", &theirs)
                           : ::sd_bus_message_read(call, "h", &theirs);
    if (result < 0)
    {
        return result;
    }
    wish.credentials = ::fcntl(theirs, F_DUPFD_CLOEXEC, 3);
    if (wish.credentials < 0)
    {
        const int number = errno;
        return refuse(
            error, number,
            fmt::format("the pipe with secrets: {}", std::strerror(number)));
    }
    return 0;
}

/// The variant: a pipe, or an int that says there is none.
int readSecrets(sd_bus_message* call, Wish& wish, sd_bus_error* error)
{
    char type = 0;
    const char* contents = nullptr;
    int result = ::sd_bus_message_peek_type(call, &type, &contents);
    if (result < 0)
    {
        return result;
    }
    const std::string_view inside = contents;
    if (inside == "h")
    {
        return takeDescriptor(call, "v", wish, error);
    }
    if (inside != "i")
    {
        return invalid(error, fmt::format("the variant holds '{}'; Mount wants "
                                          "'h', a pipe with user and password, "
                                          "or 'i', -1",
                                          inside));
    }
    int32_t number = 0;
    result = ::sd_bus_message_read(call, "v", "i", &number);
    if (result >= 0 && number >= 0)
    {
        return invalid(
            error, fmt::format("the int is {}; Mount wants -1: a descriptor "
                               "is sent as 'h', its number says nothing "
                               "here",
                               number));
    }
    return result;
}

/// What a call of Mount wants. An error leaves no descriptor behind.
int readWish(sd_bus_message* call, Wish& wish, sd_bus_error* error)
{
    const std::string_view signature = ::sd_bus_message_get_signature(call, 1);
    if (signature.empty()) // Proxy mode
    {
        return 0;
    }
    const char* image = nullptr;
    int result = ::sd_bus_message_read(call, "s", &image);
    if (result < 0)
    {
        return result;
    }
    wish.imageUrl = image;
    if (signature == "s")
    {
        return 0;
    }
    int writable = 0;
    result = ::sd_bus_message_read(call, "b", &writable);
    if (result < 0)
    {
        return result;
    }
    wish.readOnly = writable == 0;
    return signature == "sbh" ? takeDescriptor(call, "h", wish, error)
                              : readSecrets(call, wish, error);
}

int onCall(sd_bus_message* call, void* object, sd_bus_error* error)
{
    try
    {
        return static_cast<MountObject*>(object)->onLegacyCall(call, error);
    }
    catch (const std::bad_alloc&)
    {
        return -ENOMEM;
    }
}

} // namespace

MountObject::MountObject(Connection& c, service::Slot& s,
                         const service::Config& all, Compat which) :
    connection(c), mountSlot(s), mountConfig(all), compat(which),
    shown(s.view())
{
    objectPath = fmt::format("{}/{}", root, relativePath());
}

Result<void> MountObject::publish()
{
    const Mode mode = mountSlot.mountPoint().mode;
    for (const Interface& one : interfacesOf(mode, compat))
    {
        sd_bus_slot* made = nullptr;
        const int result = ::sd_bus_add_object_vtable(
            connection.get(), &made, objectPath.c_str(), one.name, one.table,
            this);
        if (result < 0)
        {
            return failErrno(
                -result, fmt::format("{}, interface {}", objectPath, one.name));
        }
        registrations.emplace_back(made, &::sd_bus_slot_unref);
    }
    if (mode == Mode::legacy)
    {
        sd_bus_slot* made = nullptr;
        const int result = ::sd_bus_add_object(
            connection.get(), &made, objectPath.c_str(), &onCall, this);
        if (result < 0)
        {
            return failErrno(-result, objectPath);
        }
        registrations.emplace_back(made, &::sd_bus_slot_unref);
    }
    return {};
}

service::Slot& MountObject::slot() const
{
    return mountSlot;
}

const service::Config& MountObject::config() const
{
    return mountConfig;
}

const std::string& MountObject::path() const
{
    return objectPath;
}

std::string MountObject::relativePath() const
{
    const service::MountPoint& point = mountSlot.mountPoint();
    return fmt::format("{}/{}", point.mode == Mode::proxy ? "Proxy" : "Legacy",
                       point.name);
}

const char* MountObject::modeInterface() const
{
    return mountSlot.mountPoint().mode == Mode::proxy ? proxyInterface
                                                      : legacyInterface;
}

void MountObject::changed()
{
    const service::Slot::View before = std::exchange(shown, mountSlot.view());
    std::vector<const char*> process;
    std::vector<const char*> mountPoint;
    std::vector<const char*> stats;
    const auto compare = [](bool same, std::vector<const char*>& names,
                            const char* name) {
        if (!same)
        {
            names.push_back(name);
        }
    };
    const Mount::Properties& was = before.mount;
    const Mount::Properties& is = shown.mount;
    compare(was.active == is.active, process, "Active");
    compare(was.exitCode == is.exitCode, process, "ExitCode");
    compare(was.imageUrl == is.imageUrl, mountPoint, "ImageURL");
    compare(was.writeProtected == is.writeProtected, mountPoint,
            "WriteProtected");
    compare(before.remaining == shown.remaining, mountPoint,
            "RemainingInactivityTimeout");
    compare(before.readIo == shown.readIo, stats, "ReadIO");
    compare(before.writeIo == shown.writeIo, stats, "WriteIO");
    emitChanged(mountPointInterface, std::move(mountPoint));
    if (compat != Compat::intel)
    {
        emitChanged(statsInterface, std::move(stats));
    }
    // Last: who waits for Active finds the rest told.
    emitChanged(processInterface, std::move(process));
}

void MountObject::emitChanged(const char* interface,
                              std::vector<const char*> names)
{
    if (names.empty())
    {
        return;
    }
    names.push_back(nullptr);
    // sd-bus takes char**, and writes nothing there.
    check(::sd_bus_emit_properties_changed_strv(
              connection.get(), objectPath.c_str(), interface,
              const_cast<char**>(names.data())),
          "PropertiesChanged");
}

void MountObject::completed(int error)
{
    check(::sd_bus_emit_signal(connection.get(), objectPath.c_str(),
                               modeInterface(), "Completion", "i", error),
          "Completion");
}

void MountObject::check(int result, const char* what)
{
    // A bus that is gone is told once, by the connection.
    if (result < 0 && result != -ENOTCONN && result != -ECONNRESET)
    {
        fmt::print(stderr, "vmediad: {} of {} was not sent: {}\n", what,
                   objectPath, std::strerror(-result));
    }
    connection.flushSoon();
}

void MountObject::refuseMounts()
{
    closing = true;
}

int MountObject::onMount(sd_bus_message* call, sd_bus_error* error)
{
    if (closing)
    {
        return answer(call, error, ESHUTDOWN, "Mount");
    }
    Wish wish;
    if (const int result = readWish(call, wish, error); result < 0)
    {
        return result;
    }
    return answer(call, error, mountSlot.mount(std::move(wish)), "Mount");
}

int MountObject::onUnmount(sd_bus_message* call, sd_bus_error* error)
{
    return answer(call, error, mountSlot.unmount(), "Unmount");
}

int MountObject::answer(sd_bus_message* call, sd_bus_error* error, int refusal,
                        const char* method) const
{
    return refusal == 0 ? reply(call, "b", 1)
                        : refuse(error, refusal,
                                 refusalText(mountSlot, refusal, method));
}

int MountObject::onLegacyCall(sd_bus_message* call, sd_bus_error* error)
{
    const std::string_view signature = ::sd_bus_message_get_signature(call, 1);
    if (signature.empty() &&
        ::sd_bus_message_is_method_call(call, introspectable, "Introspect") > 0)
    {
        return reply(
            call, "s",
            introspectionOf(interfacesOf(Mode::legacy, compat)).c_str());
    }
    if (::sd_bus_message_is_method_call(call, legacyInterface, "Mount") <= 0)
    {
        return 0;
    }
    if (signature != "s" && signature != "sbv" && signature != "sbh")
    {
        return invalid(error,
                       fmt::format("Mount takes 's' (image), 'sbv' or 'sbh' "
                                   "(image, writable, secrets), not '{}'",
                                   signature));
    }
    return onMount(call, error);
}

} // namespace vmedia::bus
