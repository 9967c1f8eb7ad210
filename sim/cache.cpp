// SPDX-License-Identifier: Apache-2.0
#include "cache.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <vector>

namespace sim
{
namespace fs = std::filesystem;
using vmedia::Errc;
using vmedia::Result;

fs::path Cache::defaultFolder()
{
    auto variable = [](const char* name) {
        const char* value = std::getenv(name);
        return std::string(value != nullptr ? value : "");
    };
    if (!variable("VMEDIA_CACHE").empty())
    {
        return variable("VMEDIA_CACHE");
    }
    if (!variable("XDG_CACHE_HOME").empty())
    {
        return fs::path(variable("XDG_CACHE_HOME")) / "vmedia";
    }
    const std::string home = variable("HOME");
    return fs::path(home.empty() ? "/tmp" : home) / ".cache/vmedia";
}

fs::path Cache::path(std::string_view key, std::string_view name) const
{
    return folder / "images" / fmt::format("{}-{}", key.substr(0, 16), name);
}

bool Cache::holds(const fs::path& path) const
{
    std::error_code error;
    fs::last_write_time(path, fs::file_time_type::clock::now(), error);
    return !error;
}

Result<void> Cache::put(const fs::path& path, std::string_view content) const
{
    if (holds(path))
    {
        return {};
    }
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    const fs::path part = fmt::format("{}.{}", path.string(), ::getpid());
    std::ofstream file(part, std::ios::binary);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    file.close();
    if (!file)
    {
        const int number = errno;
        fs::remove(part, error);
        return vmedia::failErrno(number, part.string(),
                                 "VMEDIA_CACHE=DIR puts the cache elsewhere");
    }
    fs::rename(part, path, error);
    return error ? vmedia::failErrno(error.value(), path.string())
                 : Result<void>{};
}

void Cache::prune(size_t keep) const
{
    std::vector<std::pair<fs::file_time_type, fs::path>> files;
    std::error_code error; // somebody else may prune too: theirs is as good
    for (const auto& entry : fs::directory_iterator(folder / "images", error))
    {
        files.emplace_back(entry.last_write_time(error), entry.path());
    }
    std::ranges::sort(files, std::ranges::greater{});
    for (size_t i = keep; i < files.size(); ++i)
    {
        fs::remove(files[i].second, error);
    }
}

namespace
{

class Digest
{
  public:
    Digest() : context(EVP_MD_CTX_new(), &EVP_MD_CTX_free)
    {
        EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
    }
    void add(const void* data, size_t size)
    {
        EVP_DigestUpdate(context.get(), data, size);
    }
    std::string hex()
    {
        std::array<unsigned char, 32> sum{};
        EVP_DigestFinal_ex(context.get(), sum.data(), nullptr);
        std::string text;
        for (unsigned char byte : sum)
        {
            text += fmt::format("{:02x}", byte);
        }
        return text;
    }

  private:
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context;
};

} // namespace

std::string sha256(std::string_view bytes)
{
    Digest digest;
    digest.add(bytes.data(), bytes.size());
    return digest.hex();
}

Result<std::string> sha256OfFile(const fs::path& path, uint64_t size)
{
    std::ifstream file(path, std::ios::binary);
    std::vector<char> buffer(1 << 20);
    Digest digest;
    for (uint64_t left = size; left > 0;)
    {
        file.read(buffer.data(), static_cast<std::streamsize>(
                                     std::min<uint64_t>(left, buffer.size())));
        const auto got = static_cast<uint64_t>(file.gcount());
        if (got == 0)
        {
            return vmedia::fail(
                Errc::io, fmt::format("{} ended {} bytes before its end; it "
                                      "changed while we read it",
                                      path.string(), left));
        }
        digest.add(buffer.data(), got);
        left -= got;
    }
    return digest.hex();
}

} // namespace sim
