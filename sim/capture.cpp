// SPDX-License-Identifier: Apache-2.0
#include "capture.hpp"

#include "cpio.hpp"
#include "fixtures/temp_dir.hpp"
#include "vmedia/process/search.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/this_coro.hpp>

namespace sim
{
using vmedia::Errc;
using vmedia::Result;
using vmedia::process::Child;

namespace
{

class File
{
  public:
    File(const std::filesystem::path& path, int flags) :
        descriptor(::open(path.c_str(), flags | O_CLOEXEC, 0600))
    {}
    ~File()
    {
        ::close(descriptor);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    const int descriptor;
};

std::string lastLine(std::string text)
{
    while (text.ends_with('\n'))
    {
        text.pop_back();
    }
    return text.substr(text.rfind('\n') + 1); // npos + 1 is 0
}

} // namespace

boost::asio::awaitable<Result<std::string>> capture(Helper helper)
{
    auto executor = co_await boost::asio::this_coro::executor;
    Result<std::string> program =
        vmedia::process::findProgram(helper.argv.at(0), helper.package);
    if (!program)
    {
        co_return tl::unexpected(program.error());
    }
    // Files, not pipes: nobody has to read while the program runs.
    const fixtures::TempDir folder;
    const File in(helper.input.empty() ? "/dev/null" : helper.input, O_RDONLY);
    const File out(folder.path() / "out", O_WRONLY | O_CREAT);
    const File error(folder.path() / "error", O_WRONLY | O_CREAT);
    Result<Child> child = Child::start(executor, {helper.argv,
                                                  in.descriptor,
                                                  out.descriptor,
                                                  error.descriptor,
                                                  {"LC_ALL=C"}});
    if (!child)
    {
        co_return tl::unexpected(child.error());
    }
    const int status = co_await child->wait();
    if (status != 0 && !helper.anyStatus)
    {
        co_return vmedia::fail(
            Errc::child,
            fmt::format("{} ended with status {}: {}", helper.argv[0], status,
                        lastLine(readFile(folder.path() / "error")
                                     .value_or(std::string()))));
    }
    co_return readFile(folder.path() / "out");
}

} // namespace sim
