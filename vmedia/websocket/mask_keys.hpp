// SPDX-License-Identifier: Apache-2.0
#pragma once
#ifdef BOOST_BEAST_WEBSOCKET_DETAIL_PRNG_IPP
#error "include mask_keys.hpp before Beast's WebSocket"
#endif
#include <openssl/rand.h>

#include <boost/beast/core/detail/chacha.hpp>

#include <stdexcept>

/// Masking keys for Beast that cannot be predicted.
///
/// "the client MUST pick a fresh masking key from the set of allowed 32-bit
/// values" (RFC 6455, 5.3). Beast's own generator (seen in 1.81) divides a
/// counter of blocks by the 16 keys of a block: each block comes 16 times, so
/// that who has seen 16 keys knows the next 240.
namespace boost::beast::detail
{

template <>
inline void chacha<20>::generate_block() // NOLINT: Beast's name
{
    // NOLINTNEXTLINE: what the OpenSSL interface asks for
    if (::RAND_bytes(reinterpret_cast<unsigned char*>(block_),
                     sizeof(block_)) != 1)
    {
        throw std::runtime_error("OpenSSL has no random bytes");
    }
}

} // namespace boost::beast::detail
