// SPDX-License-Identifier: Apache-2.0
#include "boot.hpp"

#include "report.hpp"
#include "signals.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cerrno>

namespace sim
{
namespace asio = boost::asio;
namespace fs = std::filesystem;
using vmedia::Errc;
using vmedia::Result;

namespace
{

Stage next(Stage stage)
{
    return static_cast<Stage>(static_cast<int>(stage) + 1);
}

/// What of an image can be served. Errors: it cannot be read or is empty.
Result<uint64_t> imageSize(const fs::path& image)
{
    std::error_code error;
    const fs::file_status status = fs::status(image, error);
    if (!fs::exists(status) || ::access(image.c_str(), R_OK) != 0)
    {
        return vmedia::fail(
            Errc::usage,
            fmt::format("{}: {}", image.string(),
                        std::generic_category().message(
                            fs::exists(status) ? errno : ENOENT)),
            "check the path and its permissions");
    }
    if (!fs::is_regular_file(status))
    {
        return vmedia::fail(
            Errc::usage,
            fmt::format("{} is {}, wanted a file", image.string(),
                        fs::is_directory(status) ? "a directory"
                                                 : "not a regular file"),
            "give an image file");
    }
    const uint64_t size = fs::file_size(image, error);
    if (size < 512)
    {
        return vmedia::fail(
            Errc::usage,
            fmt::format("{} has {} bytes, wanted at least one block of 512",
                        image.string(), size),
            "give an image with content");
    }
    return size;
}

asio::awaitable<Result<std::string>> hashInThread(fs::path file, uint64_t size)
{
    asio::thread_pool pool(1);
    co_return co_await asio::co_spawn(
        pool,
        [](fs::path f, uint64_t s) -> asio::awaitable<Result<std::string>> {
        co_return sha256OfFile(f, s);
    }(file, size), asio::use_awaitable);
}

class Boot
{
  public:
    Boot(BootOptions o, std::shared_ptr<Run> r, std::ostream& outStream) :
        options(std::move(o)), run(std::move(r)), out(outStream)
    {}

    asio::awaitable<Result<void>> go()
    {
        const bool own = options.image.empty();
        Result<uint64_t> size = own ? 0 : imageSize(options.image);
        if (!size)
        {
            co_return tl::unexpected(size.error());
        }
        Result<Lab> prepared = co_await Lab::prepare(options.lab, run);
        if (!prepared)
        {
            co_return tl::unexpected(prepared.error());
        }
        lab.emplace(std::move(*prepared));
        if (own)
        {
            Result<fs::path> iso = co_await makeIso(lab->cache, lab->kernel,
                                                    lab->images.host);
            if (!iso)
            {
                co_return tl::unexpected(iso.error());
            }
            options.image = *iso;
            size = imageSize(*iso);
        }
        report.accel = lab->accel.accel == Accel::kvm ? "kvm" : "tcg";
        report.accelWhy = lab->accel.why;
        report.kernel = lab->kernel.version;
        report.image = options.image;
        report.imageSize = *size;
        sayWhatWillHappen(own);
        if (Result<void> way = co_await theWay(own); !way)
        {
            co_return way;
        }
        co_return co_await compare();
    }

    BootReport report;
    BootOptions options;

  private:
    void sayWhatWillHappen(bool own)
    {
        out << fmt::format("image   {} ({} bytes){}\n", options.image.string(),
                           report.imageSize, own ? ", made by vmedia-sim" : "")
            << fmt::format("kernel  Linux {}\nrunning {}\n", report.kernel,
                           report.accelWhy);
        if (report.imageSize % 512 != 0)
        {
            out << fmt::format("note    nbd-client serves whole blocks: the "
                               "last {} bytes of the image stay unread\n",
                               report.imageSize % 512);
        }
        if (!own && options.expect.empty())
        {
            out << "note    without --expect TEXT the boot counts as done at "
                   "the boot loader's first words\n";
        }
        out << std::endl;
    }

    /// All the hops, in order.
    asio::awaitable<Result<void>> theWay(bool own)
    {
        // Not "hop ? co_await … : hop": g++ 12 miscompiles it.
        Result<void> hop = co_await lab->startBmc(false);
        report.qemu = lab->qemuVersion;
        if (hop)
        {
            hop = co_await lab->push(options.image);
        }
        if (hop)
        {
            hop = co_await lab->startHost(false);
        }
        const bool userSpace = own || !options.expect.empty();
        const Stage last = userSpace ? Stage::userSpace : Stage::loader;
        for (Stage stage = Stage::hostEnumerates; hop && stage <= last;
             stage = next(stage))
        {
            hop = co_await run->reach(stage, lab->alive());
        }
        if (hop && !own)
        {
            hop = co_await plugIntoReader();
        }
        if (hop)
        {
            hop = co_await run->reach(Stage::mediumRead, lab->alive(),
                                      lab->hostConsole());
        }
        co_return hop;
    }

    /// Somebody else's system does not tell us the hash of its medium.
    asio::awaitable<Result<void>> plugIntoReader()
    {
        const uint64_t before = run->cablesReady;
        lab->stopHost();
        out << "           (the host is off; one with our own kernel reads "
               "the medium now)"
            << std::endl;
        const auto deadline =
            Clock::now() +
            std::chrono::duration_cast<Clock::duration>(
                info(Stage::cableReady).deadline * options.lab.timeoutScale);
        while (run->cablesReady == before)
        {
            if (lab->bmcEnded() || Clock::now() >= deadline)
            {
                run->blame(Stage::cableReady, lab->alive().back());
                co_return vmedia::fail(
                    Errc::timeout,
                    "the USB cable did not come free for a second host");
            }
            co_await run->event().wait(deadline);
        }
        co_return co_await lab->startReader();
    }

    asio::awaitable<Result<void>> compare()
    {
        lab->stopHost();
        report.served = co_await lab->stopPush();
        // Whole blocks of the device: 2048 bytes on a CD, 512 on a disk.
        const uint64_t block = run->hostDevice.starts_with("/dev/sr") ? 2048
                                                                      : 512;
        const uint64_t whole = report.imageSize / block * block;
        report.hostBytes = run->hostBytes;
        report.hostHash = run->hostHash;
        if (run->hostBytes != whole)
        {
            run->blame(Stage::mediumRead, lab->hostConsole());
            co_return vmedia::fail(
                Errc::protocol,
                fmt::format("the host sees {} bytes on {}, wanted {}",
                            run->hostBytes, run->hostDevice, whole));
        }
        Result<std::string> hash = co_await hashInThread(options.image, whole);
        if (!hash)
        {
            co_return tl::unexpected(hash.error());
        }
        report.fileHash = *hash;
        out << fmt::format("\nsha256 (file) {}\nsha256 (host) {}\n",
                           report.fileHash, report.hostHash);
        if (report.fileHash != report.hostHash)
        {
            run->blame(Stage::mediumRead, lab->hostConsole());
            co_return vmedia::fail(
                Errc::protocol,
                fmt::format("the host read other bytes than the file has: "
                            "sha256 {}…, wanted {}…",
                            report.hostHash.substr(0, 8),
                            report.fileHash.substr(0, 8)));
        }
        co_return Result<void>{};
    }

    std::shared_ptr<Run> run;
    std::ostream& out;
    std::optional<Lab> lab;
};

} // namespace

asio::awaitable<int> runBoot(BootOptions options, std::ostream& out,
                             std::ostream& err)
{
    using namespace asio::experimental::awaitable_operators;
    auto executor = co_await asio::this_coro::executor;
    const bool own = options.image.empty();
    auto run = Run::make(executor,
                         {{own, options.expect},
                          options.lab.timeoutScale,
                          options.lab.logs,
                          options.columns,
                          {},
                          options.terminal},
                         out);
    int status = 0;
    BootReport report;
    {
        Boot boot(options, run, out);
        auto first = co_await (boot.go() || untilSignal());
        report = boot.report;
        if (first.index() == 1)
        {
            report.failure = "ended by " + std::get<1>(first).name;
            status = std::get<1>(first).status;
            err << "vmedia-sim: " << report.failure << std::endl;
        }
        else if (const auto& result = std::get<0>(first); !result)
        {
            report.failure = vmedia::describe(result.error());
            status = result.error().code == Errc::usage ? 2 : 1;
            tellFailure(err, report.failure, run->failedLog(),
                        options.lab.logs);
        }
    } // the machines end here
    const auto total = run->sinceStart();
    if (status == 0)
    {
        out << fmt::format("booted from virtual media, all {} bytes read and "
                           "equal, in {:.1f} s\n",
                           report.hostBytes,
                           static_cast<double>(total.count()) / 1000);
    }
    if (!options.json.empty())
    {
        Result<void> written = writeJson(options.json, report, *run, total);
        if (!written)
        {
            status = vmedia::report("vmedia-sim", written.error());
        }
    }
    co_return status;
}

} // namespace sim
