// SPDX-License-Identifier: Apache-2.0
#include "ciphers.hpp"

#include <fmt/format.h>
#include <openssl/err.h>

#if defined(__arm__) || defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include <string_view>

namespace vmedia::tls
{

bool cpuHasAes()
{
#if defined(__x86_64__) || defined(__i386__)
    return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
#elif defined(__aarch64__)
    constexpr unsigned long both = HWCAP_AES | HWCAP_PMULL;
    return (::getauxval(AT_HWCAP) & both) == both;
#elif defined(__arm__)
    constexpr unsigned long both = HWCAP2_AES | HWCAP2_PMULL;
    return (::getauxval(AT_HWCAP2) & both) == both;
#else
    return false;
#endif
}

namespace
{

// A word that takes away what a list may hold; "LOW" has no cipher in OpenSSL
// 3.0 as built by Debian and costs nothing where it has.
constexpr auto never =
    ":!aNULL:!eNULL:!EXPORT:!LOW:!MD5:!RC4:!3DES:!SRP:!kRSAPSK";

struct Lists
{
    std::string suites; // TLS 1.3
    std::string tls12;
};

std::string join(std::string_view first, std::string_view second)
{
    return fmt::format("{}:{}", first, second);
}

// External PSKs are bound to SHA-256 (RFC 8446, section 4.2.11: "the Hash
// algorithm MUST be set when the PSK is established or default to SHA-256"),
// so AES-128-GCM leads for both credentials. There is no ECDHE-PSK with GCM
// in OpenSSL: DHE-PSK is what has both forward secrecy and AES-GCM.
Lists usual(Credential credential, bool aes)
{
    const bool psk = credential == Credential::psk;
    const std::string aesSuites =
        psk ? "TLS_AES_128_GCM_SHA256"
            : "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384";
    const std::string chachaSuites = "TLS_CHACHA20_POLY1305_SHA256";
    const std::string aes12 =
        psk ? "DHE-PSK-AES128-GCM-SHA256:DHE-PSK-AES256-GCM-SHA384"
            : "ECDHE+AESGCM+AES128:ECDHE+AESGCM:DHE+AESGCM+AES128:DHE+AESGCM";
    const std::string chacha12 =
        psk ? "ECDHE-PSK-CHACHA20-POLY1305:DHE-PSK-CHACHA20-POLY1305"
            : "ECDHE+CHACHA20:DHE+CHACHA20";
    Lists lists =
        aes ? Lists{join(aesSuites, chachaSuites), join(aes12, chacha12)}
            : Lists{join(chachaSuites, aesSuites), join(chacha12, aes12)};
    if (psk) // last, as without forward secrecy: a client may have no other
    {
        lists.tls12 += ":PSK-AES128-GCM-SHA256:PSK-AES256-GCM-SHA384";
    }
    return lists;
}

bool isSuite(std::string_view word)
{
    // TLS 1.2's standard names have WITH in them.
    return word.starts_with("TLS_") &&
           word.find("_WITH_") == std::string_view::npos;
}

bool isSha384(std::string_view suite)
{
    return suite.ends_with("SHA384");
}

bool means(const std::string& word)
{
    const ContextOwner scratch(::SSL_CTX_new(::TLS_method()));
    if (!isSuite(word))
    {
        const size_t name = word.find_first_not_of("!-+");
        return name != std::string::npos &&
               ::SSL_CTX_set_cipher_list(scratch.get(),
                                         word.substr(name).c_str()) == 1;
    }
    // Some 3.0.x ignore a suite they do not know: look at what came of it.
    if (::SSL_CTX_set_ciphersuites(scratch.get(), word.c_str()) != 1)
    {
        return false;
    }
    const STACK_OF(SSL_CIPHER)* set = ::SSL_CTX_get_ciphers(scratch.get());
    return sk_SSL_CIPHER_num(set) > 0 &&
           ::SSL_CIPHER_get_name(sk_SSL_CIPHER_value(set, 0)) == word;
}

// What the peers can authenticate with, of what is left of a list.
int usable(SSL_CTX* context, Credential credential)
{
    int count = 0;
    const STACK_OF(SSL_CIPHER)* set = ::SSL_CTX_get_ciphers(context);
    for (int i = 0; i < sk_SSL_CIPHER_num(set); ++i)
    {
        const int how = ::SSL_CIPHER_get_auth_nid(sk_SSL_CIPHER_value(set, i));
        const bool psk = how == NID_auth_psk;
        count += psk == (credential == Credential::psk) || how == NID_auth_any;
    }
    return count;
}

Result<Lists> split(Credential credential, const std::string& wanted)
{
    Lists lists;
    std::string_view rest = wanted;
    while (!rest.empty())
    {
        const size_t end = std::min(rest.find(':'), rest.size());
        const std::string word(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (word.find('@') != std::string::npos)
        {
            return fail(Errc::usage,
                        fmt::format("--tls-ciphers={}: '{}' would change the "
                                    "order or the level of security",
                                    wanted, word),
                        "leave it out");
        }
        if (!means(word))
        {
            ::ERR_clear_error();
            return fail(Errc::usage,
                        fmt::format("--tls-ciphers={}: no cipher is '{}'",
                                    wanted, word),
                        "`openssl ciphers -v` lists them");
        }
        if (credential == Credential::psk && isSuite(word) && isSha384(word))
        {
            continue; // legal, but no external PSK can use it
        }
        std::string& list = isSuite(word) ? lists.suites : lists.tls12;
        list += (list.empty() ? "" : ":") + word;
    }
    return lists;
}

} // namespace

Result<void> setCiphers(SSL_CTX* context, Credential credential,
                        const std::string& wanted, bool aes)
{
    ::ERR_clear_error();
    Result<Lists> lists = wanted.empty() ? usual(credential, aes)
                                         : split(credential, wanted);
    if (!lists)
    {
        return tl::unexpected(lists.error());
    }
    ::SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
    ::SSL_CTX_set_ciphersuites(context, "");
    int count12 = 0;
    if (!lists->tls12.empty() &&
        ::SSL_CTX_set_cipher_list(context, (lists->tls12 + never).c_str()) == 1)
    {
        count12 = usable(context, credential);
    }
    ::SSL_CTX_set_ciphersuites(context, lists->suites.c_str());
    ::ERR_clear_error();
    if (count12 == 0 && lists->suites.empty())
    {
        return fail(
            Errc::usage,
            fmt::format("--tls-ciphers={}: nothing in it can be used with {}",
                        wanted,
                        credential == Credential::psk ? "a pre-shared key"
                                                      : "a certificate"),
            credential == Credential::psk
                ? "use TLS_AES_128_GCM_SHA256 or DHE-PSK-AES128-GCM-SHA256"
                : "use TLS_AES_128_GCM_SHA256 or ECDHE+AESGCM");
    }
    ::SSL_CTX_set_options(context,
                          (count12 == 0 ? SSL_OP_NO_TLSv1_2 : 0) |
                              (lists->suites.empty() ? SSL_OP_NO_TLSv1_3 : 0));
    return {};
}

} // namespace vmedia::tls
