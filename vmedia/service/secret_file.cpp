// SPDX-License-Identifier: Apache-2.0
#include "secret_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace vmedia::service
{

namespace asio = boost::asio;

namespace
{

/// The writer is bmcweb, which writes while we answer its call.
constexpr std::chrono::seconds pipeDeadline{5};

} // namespace

asio::awaitable<Result<remote::Credentials>>
    readPipe(asio::any_io_executor executor, CredentialPipe pipe)
{
    if (!pipe)
    {
        co_return remote::Credentials{};
    }
    const int copy = ::fcntl(pipe->get(), F_DUPFD_CLOEXEC, 3); // is closed
    if (copy < 0)
    {
        co_return failErrno(errno, "the pipe with user name and password");
    }
    pipe.reset();
    auto credentials = co_await remote::readCredentials(executor, copy,
                                                        pipeDeadline);
    co_return credentials;
}

SecretFile::SecretFile(Ledger& l, std::string path) :
    ledger(l), file(std::move(path))
{}

SecretFile::~SecretFile()
{
    remove();
}

Result<void> SecretFile::write(const tls::Secret& secret)
{
    remove();
    ledger.write([this](Belongings& mine) { mine.secret = file; });
    isThere = true;
    ::unlink(file.c_str()); // of one that died
    const int opened =
        ::open(file.c_str(),
               O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    int error = opened < 0 ? errno : 0;
    std::string_view text = secret.text();
    while (error == 0 && !text.empty())
    {
        const ssize_t size = ::write(opened, text.data(), text.size());
        if (size < 0 && errno != EINTR)
        {
            error = errno;
        }
        text.remove_prefix(size > 0 ? static_cast<size_t>(size) : 0);
    }
    if (opened >= 0 && ::close(opened) < 0 && error == 0)
    {
        error = errno;
    }
    if (error != 0)
    {
        remove();
        return failErrno(error, fmt::format("the file {}", file));
    }
    return {};
}

std::string SecretFile::path() const
{
    return isThere ? file : std::string();
}

void SecretFile::remove()
{
    if (std::exchange(isThere, false))
    {
        ::unlink(file.c_str());
        ledger.write([](Belongings& mine) { mine.secret.clear(); });
    }
}

} // namespace vmedia::service
