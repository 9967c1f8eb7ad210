// SPDX-License-Identifier: Apache-2.0
#include "images.hpp"

#include "capture.hpp"
#include "fixtures/temp_dir.hpp"
#include "initramfs.hpp"
#include "programs.hpp"
#include "vmedia/process/search.hpp"

#include <fmt/format.h>

#include <fstream>
#include <map>

namespace sim
{
namespace fs = std::filesystem;
namespace asio = boost::asio;
using vmedia::Errc;
using vmedia::Result;

namespace
{

// Two UDCs for two slots; SuperSpeed reads about twice as fast as high speed.
// usb-storage stays out: usbredirect wants the device for itself.
const std::vector<std::string> bmcModules{
    "virtio_pci",   "virtio_net",        "9pnet_virtio",
    "9p",           "nbd nbds_max=4",    "dummy_hcd is_super_speed=1 num=2",
    "libcomposite", "usb_f_mass_storage"};

// usb-storage waits a second for drives that spin up; ours do not.
const std::vector<std::string> hostModules{
    "xhci_pci", "usb_storage delay_use=0", "uas", "sr_mod", "sd_mod"};

struct BmcProgram
{
    const char* path;
    const char* program;
    const char* package; ///< null: one of ours
};

constexpr BmcProgram bmcPrograms[] = {
    {"usr/sbin/nbd-client", "nbd-client", "nbd-client"},

    {"usr/bin/usbredirect", "usbredirect", "usbredirect"},
    {"usr/bin/vmedia-httpd", "vmedia-httpd", nullptr},
    {"usr/bin/nbd-proxy", "nbd-proxy", nullptr},
    {"etc/nbd-proxy/state", "state", nullptr},
};

Result<void> addScript(Initramfs& image, std::string_view path,
                       std::string_view file, const fs::path& data)
{
    Result<fs::path> source = findData(file, data);
    return source ? image.files.file(path, *source, 0755)
                  : tl::unexpected(source.error());
}

asio::awaitable<Result<fs::path>> bmcInitramfs(Cache cache, Kernel kernel,
                                               fs::path data)
{
    Initramfs image;
    for (const BmcProgram& p : bmcPrograms)
    {
        Result<fs::path> found =
            p.package == nullptr
                ? findOurs(p.program)
                : vmedia::process::findProgram(p.program, p.package)
                      .map([](const std::string& s) { return fs::path(s); });
        if (!found)
        {
            co_return tl::unexpected(found.error());
        }
        Result<void> added = co_await image.addProgram(p.path, *found);
        if (!added)
        {
            co_return tl::unexpected(added.error());
        }
    }
    Result<void> done = co_await image.addBusybox();
    done = done ? image.addModules(kernel, bmcModules) : done;
    done = done ? addScript(image, "init", "bmc-init.sh", data) : done;
    if (!done)
    {
        co_return tl::unexpected(done.error());
    }
    const std::string archive = image.files.archive();
    fs::path path = cache.path(sha256(archive), "bmc.cpio");
    done = cache.put(path, archive);
    co_return done.map([&] { return std::move(path); });
}

asio::awaitable<Result<fs::path>> hostInitramfs(Cache cache, Kernel kernel,
                                                fs::path data)
{
    Initramfs image;
    Result<void> done = co_await image.addBusybox();
    done = done ? image.addModules(kernel, hostModules) : done;
    done = done ? addScript(image, "init", "host-init.sh", data) : done;
    if (!done)
    {
        co_return tl::unexpected(done.error());
    }
    // Compressed: it also goes over the virtual USB cable, by BIOS calls.
    const std::string archive = image.files.archive();
    fs::path path = cache.path(sha256(archive), "host.cpio.gz");
    if (!cache.holds(path))
    {
        const fixtures::TempDir folder;
        const fs::path plain = folder.path() / "cpio";
        std::ofstream(plain, std::ios::binary) << archive;
        const Helper gzip{{"gzip", "-9n"}, "gzip", plain};
        Result<std::string> small = co_await capture(gzip);
        if (!small)
        {
            co_return tl::unexpected(small.error());
        }
        done = cache.put(path, *small);
    }
    co_return done.map([&] { return std::move(path); });
}

constexpr const char* isolinuxConfig = R"(default host
prompt 0
label host
  kernel vmlinuz
  append initrd=initrd {}
)";

/// File names on the CD, and where they come from.
using IsoParts = std::map<std::string, fs::path>;

Result<IsoParts> findIsoParts(const Kernel& kernel, const fs::path& initramfs)
{
    const fs::path isolinux = "/usr/lib/ISOLINUX/isolinux.bin";
    const fs::path ldlinux = "/usr/lib/syslinux/modules/bios/ldlinux.c32";
    if (!fs::exists(isolinux) || !fs::exists(ldlinux))
    {
        return vmedia::fail(
            Errc::usage,
            fmt::format("{} is missing", fs::exists(isolinux)
                                             ? ldlinux.string()
                                             : isolinux.string()),
            "apt-get install isolinux syslinux-common");
    }
    return IsoParts{{"isolinux.bin", isolinux},
                    {"ldlinux.c32", ldlinux},
                    {"vmlinuz", kernel.vmlinuz},
                    {"initrd", initramfs}};
}

Result<std::string> readAll(const IsoParts& parts)
{
    std::string all;
    for (const auto& [name, source] : parts)
    {
        Result<std::string> content = readFile(source);
        if (!content)
        {
            return content;
        }
        all += *content;
    }
    return all;
}

} // namespace

asio::awaitable<Result<Images>> makeImages(Cache cache, Kernel kernel,
                                           fs::path data)
{
    Result<std::string> vmlinuz = readFile(kernel.vmlinuz);
    if (!vmlinuz)
    {
        co_return tl::unexpected(vmlinuz.error());
    }
    Images images{cache.path(sha256(*vmlinuz), "vmlinux"), {}, {}};
    if (!cache.holds(images.vmlinux))
    {
        Result<std::string> elf = co_await extractVmlinux(kernel.vmlinuz);
        if (!elf)
        {
            co_return tl::unexpected(elf.error());
        }
        if (Result<void> put = cache.put(images.vmlinux, *elf); !put)
        {
            co_return tl::unexpected(put.error());
        }
    }
    Result<fs::path> host = co_await hostInitramfs(cache, kernel, data);
    if (!host)
    {
        co_return tl::unexpected(host.error());
    }
    Result<fs::path> bmc = co_await bmcInitramfs(cache, kernel, data);
    if (!bmc)
    {
        co_return tl::unexpected(bmc.error());
    }
    images.host = *host;
    images.bmc = *bmc;
    cache.prune(16); // four files a run, a few kernels and builds
    co_return images;
}

asio::awaitable<Result<fs::path>> makeIso(Cache cache, Kernel kernel,
                                          fs::path hostInitramfs)
{
    // ISOLINUX needs no serial port of its own: SeaBIOS puts the text screen
    // there, and with both each line would come twice.
    const std::string config = fmt::format(isolinuxConfig, kernelArguments);
    Result<IsoParts> parts = findIsoParts(kernel, hostInitramfs);
    Result<std::string> all = parts ? readAll(*parts)
                                    : tl::unexpected(parts.error());
    if (!all)
    {
        co_return tl::unexpected(all.error());
    }
    fs::path path = cache.path(sha256(config + *all), "host.iso");
    if (cache.holds(path))
    {
        co_return path;
    }
    const fixtures::TempDir folder;
    const fs::path tree = folder.path() / "tree";
    const fs::path boot = tree / "isolinux";
    fs::create_directories(boot);
    std::ofstream(boot / "isolinux.cfg") << config;
    for (const auto& [name, source] : *parts)
    {
        fs::copy_file(source, boot / name);
    }
    const fs::path iso = folder.path() / "iso";
    const Helper xorriso{
        {"xorriso", "-as", "mkisofs", "-quiet", "-V", "VMEDIA_SIM", "-o", iso,
         "-b", "isolinux/isolinux.bin", "-c", "isolinux/boot.cat",
         "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", tree},
        "xorriso"};
    Result<std::string> made = co_await capture(xorriso);
    Result<std::string> content = made ? readFile(iso)
                                       : tl::unexpected(made.error());
    if (!content)
    {
        co_return tl::unexpected(content.error());
    }
    co_return cache.put(path, *content).map([&] { return std::move(path); });
}

} // namespace sim
