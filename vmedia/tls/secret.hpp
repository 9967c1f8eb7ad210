// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

namespace vmedia::tls
{

/// Bytes that are wiped when they go. Moving leaves no copy behind, and there
/// is no other way to make one but copy(), so that each is on purpose.
class Secret
{
  public:
    Secret() = default;
    explicit Secret(size_t size);
    /// @p parts, one behind the other.
    static Secret of(std::initializer_list<std::string_view> parts);
    ~Secret();
    Secret(Secret&& other) noexcept;
    Secret& operator=(Secret&& other) noexcept;

    Secret copy() const;
    /// The first @p size bytes; the memory of the rest is wiped with them.
    void shrink(size_t size);

    std::span<unsigned char> bytes();
    std::span<const unsigned char> bytes() const;
    std::string_view text() const;

  private:
    std::unique_ptr<unsigned char[]> memory{};
    size_t allocated = 0;
    size_t used = 0;
};

/// The content of a file that only its owner can read.
///
/// Errors: a file that group or others may touch is refused with its mode,
///         and so is one over 1 MiB: no key file is that large. Never says
///         anything about the content.
Result<Secret> readSecretFile(const std::filesystem::path& file);

} // namespace vmedia::tls
