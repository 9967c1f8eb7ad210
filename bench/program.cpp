// SPDX-License-Identifier: Apache-2.0
#include "program.hpp"

#include "connection.hpp"
#include "vmedia/process/child.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <array>
#include <optional>

namespace bench
{

using vmedia::Errc;
using vmedia::fail;
using vmedia::Result;
namespace asio = boost::asio;

namespace
{

std::string contentOf(int descriptor)
{
    std::string text;
    std::array<char, 4096> buffer{};
    ssize_t n = 0;
    while ((n = ::pread(descriptor, buffer.data(), buffer.size(),
                        static_cast<off_t>(text.size()))) > 0)
    {
        text.append(buffer.data(), static_cast<size_t>(n));
    }
    return text;
}

} // namespace

Result<Ended> runProgram(const std::vector<std::string>& argv,
                         std::chrono::seconds limit,
                         const std::vector<std::string>& environment)
{
    const Descriptor output(::memfd_create("output", MFD_CLOEXEC));
    if (output.get() < 0)
    {
        return vmedia::failErrno(errno, "memfd_create");
    }
    asio::io_context context;
    const auto start = std::chrono::steady_clock::now();
    auto child = vmedia::process::Child::start(context.get_executor(),
                                               {.argv = argv,
                                                .output = output.get(),
                                                .error = output.get(),
                                                .environment = environment});
    if (!child)
    {
        return tl::unexpected(child.error());
    }
    std::optional<int> status;
    asio::co_spawn(context, child->wait(),
                   [&](const std::exception_ptr& thrown, int ended) {
        if (!thrown)
        {
            status = ended;
        }
    });
    context.run_for(limit);
    if (!status)
    {
        return fail(Errc::timeout, fmt::format("{}: still runs after {} s",
                                               argv[0], limit.count()));
    }
    const std::chrono::duration<double> took =
        std::chrono::steady_clock::now() - start;
    return Ended{*status, contentOf(output.get()), took.count()};
}

std::string lastLineOf(const std::string& output)
{
    const size_t end = output.find_last_not_of(" \n");
    if (end == std::string::npos)
    {
        return "it printed nothing";
    }
    const size_t before = output.rfind('\n', end);
    const size_t from = before == std::string::npos ? 0 : before + 1;
    return output.substr(from, end + 1 - from);
}

} // namespace bench
