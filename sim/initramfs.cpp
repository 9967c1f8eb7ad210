// SPDX-License-Identifier: Apache-2.0
#include "initramfs.hpp"

#include "bzimage.hpp"
#include "capture.hpp"
#include "closure.hpp"
#include "fixtures/temp_dir.hpp"
#include "vmedia/process/search.hpp"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

namespace sim
{
namespace fs = std::filesystem;
namespace asio = boost::asio;
using vmedia::Errc;
using vmedia::Result;

namespace
{

constexpr const char* rootFolders[] = {"proc", "sys", "dev",  "run",     "tmp",
                                       "etc",  "lab", "sbin", "usr/sbin"};

} // namespace

asio::awaitable<Result<void>> Initramfs::addBusybox()
{
    Result<std::string> busybox =
        vmedia::process::findProgram("busybox", "busybox-static");
    if (!busybox)
    {
        co_return tl::unexpected(busybox.error());
    }
    const Helper list{{*busybox, "--list"}};
    Result<std::string> applets = co_await capture(list);
    if (!applets)
    {
        co_return tl::unexpected(applets.error());
    }
    for (const char* folder : rootFolders)
    {
        files.folder(folder);
    }
    std::istringstream names(*applets);
    for (std::string name; names >> name;)
    {
        files.link("bin/" + name, "/bin/busybox"); // itself comes below
    }
    files.text("etc/passwd", "root:x:0:0:root:/:/bin/sh\n");
    files.text("etc/group", "root:x:0:\n");
    co_return co_await addProgram("bin/busybox", *busybox);
}

asio::awaitable<Result<void>> Initramfs::addProgram(std::string_view path,
                                                    fs::path source)
{
    const Helper ldd{{"ldd", source}, "libc-bin", {}, true};
    Result<std::string> listed = co_await capture(ldd);
    if (!listed)
    {
        co_return tl::unexpected(listed.error());
    }
    std::vector<std::string> missing;
    for (const std::string& library : parseLdd(*listed, missing))
    {
        const std::string inside = library.substr(1);
        Result<void> added = files.holds(inside)
                                 ? Result<void>{}
                                 : files.file(inside, library, 0755);
        if (!added)
        {
            co_return added;
        }
    }
    if (!missing.empty())
    {
        co_return vmedia::fail(Errc::usage,
                               fmt::format("{} needs {}, which is not found",
                                           source.string(), missing.front()));
    }
    const fixtures::TempDir folder;
    const fs::path stripped = folder.path() / "program";
    const Helper strip{{"strip", "--strip-debug", "-o", stripped, source}};
    Result<std::string> smaller = co_await capture(strip);
    // No strip, or a script: as it is.
    co_return files.file(path, smaller ? stripped : source, 0755);
}

Result<void> Initramfs::addModules(const Kernel& kernel,
                                   const std::vector<std::string>& modules)
{
    Result<std::string> text = readFile(kernel.modules / "modules.dep");
    if (!text)
    {
        return tl::unexpected(text.error());
    }
    const ModuleIndex index(*text);
    const std::string builtin =
        readFile(kernel.modules / "modules.builtin").value_or(std::string());
    std::vector<std::string> names;
    std::string toLoad;
    for (const std::string& line : modules)
    {
        const std::string name = line.substr(0, line.find(' '));
        if (index.find(name) != nullptr)
        {
            names.push_back(name);
            toLoad += line + "\n";
        }
        else if (builtin.find("/" + name + ".ko") == std::string::npos)
        {
            return vmedia::fail(
                Errc::usage,
                fmt::format("Linux {} has no module {}", kernel.version, name),
                "use the kernel of linux-image-amd64: ci/fetch-kernel");
        }
    }
    const std::string folder = "lib/modules/" + kernel.version + "/";
    std::vector<std::string> paths;
    // Busybox's modprobe reads this text; depmod's binary index is for kmod's.
    files.text(folder + "modules.dep", index.subset(names, paths));
    for (const std::string& path : paths)
    {
        Result<void> added = files.file(folder + path, kernel.modules / path,
                                        0644);
        if (!added)
        {
            return added;
        }
    }
    files.text("etc/modules", toLoad);
    return {};
}

asio::awaitable<Result<std::string>> extractVmlinux(fs::path vmlinuz)
{
    Result<std::string> file = readFile(vmlinuz);
    if (!file)
    {
        co_return tl::unexpected(file.error());
    }
    Result<Payload> payload = findPayload(std::as_bytes(std::span(*file)));
    if (!payload)
    {
        co_return vmedia::during(vmlinuz.string(), payload.error());
    }
    const fixtures::TempDir folder;
    const fs::path compressed = folder.path() / "vmlinux.xz";
    std::ofstream out(compressed, std::ios::binary);
    out.write(file->data() + payload->offset,
              static_cast<std::streamsize>(payload->size));
    out.close();
    // After the xz stream come four bytes with the size of what is in it.
    const Helper xz{{"xz", "--decompress", "--stdout", "--single-stream"},
                    "xz-utils",
                    compressed};
    Result<std::string> kernel = co_await capture(xz);
    if (kernel && !kernel->starts_with("\x7f"
                                       "ELF"))
    {
        co_return vmedia::fail(
            Errc::io,
            fmt::format("{} does not hold an ELF kernel", vmlinuz.string()));
    }
    co_return kernel;
}

} // namespace sim
