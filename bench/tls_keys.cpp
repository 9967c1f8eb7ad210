// SPDX-License-Identifier: Apache-2.0
#include "tls_keys.hpp"

#include "channel.hpp"
#include "vmedia/tls/psk_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace bench
{

using vmedia::Errc;
using vmedia::fail;
using vmedia::Result;
namespace fs = std::filesystem;

namespace
{

constexpr size_t keyBytes = 32;
constexpr auto policyName = "gnutls-aes";
// Of what GnuTLS takes for a pre-shared key, AES-GCM comes next.
constexpr auto policy = "[overrides]\n"
                        "tls-disabled-cipher = chacha20-poly1305\n";

Result<void> writeFile(const fs::path& file, std::string_view text)
{
    const Descriptor out(
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (out.get() < 0 || ::write(out.get(), text.data(), text.size()) !=
                             static_cast<ssize_t>(text.size()))
    {
        return vmedia::failErrno(errno, file.string());
    }
    return {};
}

} // namespace

std::string TlsKeys::aesPolicy() const
{
    return "GNUTLS_SYSTEM_PRIORITY_FILE=" + (directory() / policyName).string();
}

Result<TlsKeys> TlsKeys::make()
{
    namespace tls = vmedia::tls;
    fixtures::TempDir place;
    tls::Secret key(keyBytes);
    if (::RAND_bytes(key.bytes().data(), keyBytes) != 1)
    {
        return fail(Errc::io, "OpenSSL has no random bytes for a key");
    }
    const std::string line = fmt::format("{}:{:02x}\n", user,
                                         fmt::join(key.bytes(), ""));
    Result<void> written = writeFile(place.path() / keysName, line);
    if (written)
    {
        written = writeFile(place.path() / policyName, policy);
    }
    if (!written)
    {
        return tl::unexpected(written.error());
    }
    Result<tls::Context> context =
        tls::clientContext({.identity = user, .key = std::move(key)});
    if (!context)
    {
        return tl::unexpected(context.error());
    }
    return TlsKeys(std::move(place), std::move(*context));
}

} // namespace bench
