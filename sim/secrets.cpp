// SPDX-License-Identifier: Apache-2.0
#include "secrets.hpp"

#include "capture.hpp"

#include <crypt.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <array>
#include <fstream>
#include <memory>
#include <stdexcept>

namespace sim
{
namespace fs = std::filesystem;
using vmedia::Result;

namespace
{

constexpr const char* proxyConfig = R"({"timeout": 30, "configurations": {
  "0": {"nbd-device": "/dev/nbd0", "default": true},
  "1": {"nbd-device": "/dev/nbd1"}}}
)";

std::string randomHex(size_t bytes)
{
    std::string raw(bytes, '\0');
    if (::getrandom(raw.data(), raw.size(), 0) !=
        static_cast<ssize_t>(raw.size()))
    {
        throw std::runtime_error("getrandom gives no bytes");
    }
    std::string hex;
    for (char c : raw)
    {
        hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
    }
    return hex;
}

Result<void> write(const fs::path& path, const std::string& text)
{
    const mode_t before = ::umask(0077);
    std::ofstream file(path);
    file << text;
    file.close();
    ::umask(before);
    return file ? Result<void>{} : vmedia::failErrno(errno, path.string());
}

} // namespace

std::string usersLine(const std::string& user, const std::string& password)
{
    const std::string salt = "$6$" + randomHex(8);
    auto data = std::make_unique<crypt_data>(); // 32 KiB: not for a stack
    return fmt::format("{}:{}\n", user,
                       ::crypt_r(password.c_str(), salt.c_str(), data.get()));
}

namespace
{

Result<void> writeTexts(const Secrets& secrets)
{
    std::error_code error;
    fs::create_directories(secrets.share, error);
    const std::string password = randomHex(12);
    Result<void> done = write(secrets.passwordFile, password + "\n");
    done = done ? write(secrets.share / "users",
                        usersLine(secrets.user, password))
                : done;
    return done ? write(secrets.share / "config.json", proxyConfig) : done;
}

} // namespace

boost::asio::awaitable<Result<Secrets>> makeSecrets(fs::path folder)
{
    const Secrets secrets{folder / "lab", folder / "lab/cert.pem",
                          folder / "password", "admin"};
    if (Result<void> written = writeTexts(secrets); !written)
    {
        co_return tl::unexpected(written.error());
    }
    // The BMC is reached through a forwarded port of ours, hence the address.
    const Helper openssl{
        {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
         "/CN=vmedia-sim BMC", "-addext",
         "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout",
         secrets.share / "key.pem", "-out", secrets.certificate},
        "openssl"};
    Result<std::string> made = co_await capture(openssl);
    if (!made)
    {
        co_return tl::unexpected(made.error());
    }
    co_return secrets;
}

} // namespace sim
