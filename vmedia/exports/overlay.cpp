// SPDX-License-Identifier: Apache-2.0
#include "overlay.hpp"

#include "commit.hpp"
#include "descriptor.hpp"
#include "extents.hpp"
#include "mapping.hpp"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <shared_mutex>

namespace vmedia::exports
{

namespace
{

constexpr uint64_t blockSize = 1 << 16;

/// Where the bytes of a block are.
enum class Place : uint8_t
{
    below,   ///< 0: what a new Mapping holds
    above,
    nowhere, ///< zeroes
};

class OverlayExport : public Overlay
{
  public:
    OverlayExport(ExportPointer original, Descriptor temporary, Mapping map,
                  Access mode) :
        below(std::move(original)), above(std::move(temporary)),
        places(std::move(map)), access(mode)
    {}

    uint64_t size() const override
    {
        return below->size();
    }
    Abilities abilities() const override
    {
        const bool writable = access == Access::readWrite;
        return {.write = writable,
                .flush = writable,
                .trim = writable,
                .zero = writable,
                .fastZero = writable,
                .cache = below->abilities().cache,
                .extents = true,
                .rotational = below->abilities().rotational};
    }

    bool mayWait(Operation operation, uint64_t offset, uint64_t length) override
    {
        return below->mayWait(operation == Operation::write ? Operation::read
                                                            : operation,
                              offset, length);
    }
    int read(std::span<std::byte> into, uint64_t offset) override
    {
        const std::shared_lock lock(moving);
        int error = 0;
        while (error == 0 && !into.empty())
        {
            const auto [place, length] = runAt(offset, into.size());
            const auto part = into.first(length);
            switch (place)
            {
                case Place::below:
                    error = below->read(part, offset);
                    break;
                case Place::above:
                    error = above.read(part, offset);
                    break;
                case Place::nowhere:
                    std::memset(part.data(), 0, length);
                    break;
            }
            into = into.subspan(length);
            offset += length;
        }
        return error;
    }

    int write(std::span<const std::byte> from, uint64_t offset) override
    {
        const std::shared_lock lock(committing);
        int error = 0;
        while (error == 0 && !from.empty())
        {
            const uint64_t length =
                std::min<uint64_t>(from.size(), blockSize - offset % blockSize);
            error = change(offset, from.first(length));
            from = from.subspan(length);
            offset += length;
        }
        return error;
    }

    int flush() override
    {
        return 0; // there is nothing that a power cut would leave
    }

    int trim(uint64_t offset, uint64_t length) override
    {
        const std::shared_lock lock(committing);
        if (length == 0)
        {
            return 0;
        }
        const uint64_t end = offset + length;
        const uint64_t first = (offset + blockSize - 1) / blockSize;
        const uint64_t last = end == size() ? blockOf(end - 1) + 1
                                            : blockOf(end);
        if (first >= last)
        {
            // In part of a block, or of two neighbours.
            const uint64_t middle = std::min(first * blockSize, end);
            const int error = clear(offset, middle - offset);
            return error != 0 ? error : clear(middle, end - middle);
        }
        int error = clear(offset, first * blockSize - offset);
        if (error == 0)
        {
            drop(first, last);
            const uint64_t tail = std::min(last * blockSize, end);
            error = clear(tail, end - tail);
        }
        return error;
    }

    int zero(uint64_t offset, uint64_t length, Zeroing how) override
    {
        if (how.mayPunch)
        {
            return trim(offset, length);
        }
        if (how.fastOnly)
        {
            return ENOTSUP;
        }
        static constexpr std::array<std::byte, blockSize> zeroes{};
        int error = 0;
        while (error == 0 && length > 0)
        {
            const uint64_t piece = std::min<uint64_t>(length, blockSize);
            error = write(std::span(zeroes).first(piece), offset);
            offset += piece;
            length -= piece;
        }
        return error;
    }

    int cache(uint64_t offset, uint64_t length) override
    {
        return below->cache(offset, length);
    }

    int extents(uint64_t offset, uint64_t length, size_t most,
                std::vector<Extent>& out) override
    {
        const std::shared_lock lock(moving);
        const bool belowTells = below->abilities().extents;
        ExtentList list(out, length, most);
        std::vector<Extent> found;
        for (bool more = true; more && length > 0;)
        {
            auto [place, run] = runAt(offset, length);
            const bool hole = place == Place::nowhere;
            found.assign(1, {run, hole, hole});
            if (place == Place::below && belowTells)
            {
                found.clear();
                if (const int error = below->extents(offset, run, most, found))
                {
                    return error;
                }
                run = 0; // it may tell of less than it was asked for
            }
            for (const Extent& extent : found)
            {
                more = more && list.add(extent);
                run += place == Place::below && belowTells ? extent.length : 0;
            }
            offset += run;
            length -= run;
        }
        return 0;
    }

    Result<void> commitTo(const std::string& path) override
    {
        const std::unique_lock lock(committing);
        struct stat named = {};
        struct stat original = {};
        if (below->descriptor() >= 0 && ::stat(path.c_str(), &named) == 0 &&
            ::fstat(below->descriptor(), &original) == 0 &&
            named.st_dev == original.st_dev && named.st_ino == original.st_ino)
        {
            return fail(Errc::usage,
                        path + ": is the original, which stays as it is",
                        "commit to another path");
        }
        std::optional<FileState> earlier;
        if (const auto known = commits.find(path); known != commits.end())
        {
            earlier = known->second;
        }
        Result<FileState> written = writeImage(*this, path, earlier);
        if (!written)
        {
            return during("commit", written.error());
        }
        commits[path] = *written;
        return {};
    }

  private:
    struct Run
    {
        Place place;
        uint64_t length;
    };

    static uint64_t blockOf(uint64_t offset)
    {
        return offset / blockSize;
    }
    Place placeOf(uint64_t block)
    {
        return static_cast<Place>(places.data()[block]);
    }
    void setPlaces(uint64_t first, uint64_t last, Place place)
    {
        std::memset(places.data() + first, static_cast<int>(place),
                    last - first);
    }
    /// What is alike from @p offset on.
    Run runAt(uint64_t offset, uint64_t most)
    {
        const uint64_t end = offset + most;
        uint64_t block = blockOf(offset);
        const Place place = placeOf(block);
        do
        {
            ++block;
        } while (block * blockSize < end && placeOf(block) == place);
        return {place, std::min(block * blockSize, end) - offset};
    }

    /// Writes within one block, and brings the rest of it up if need be.
    int change(uint64_t offset, std::span<const std::byte> from)
    {
        const uint64_t block = blockOf(offset);
        const uint64_t start = block * blockSize;
        Place place;
        {
            const std::shared_lock lock(moving);
            place = placeOf(block);
            if (place == Place::above)
            {
                return above.write(from, offset);
            }
        }
        std::vector<std::byte> whole(std::min(blockSize, size() - start));
        // Before the lock, for it may be slow: what is below never changes.
        if (place == Place::below && from.size() < whole.size())
        {
            if (const int error = below->read(whole, start))
            {
                return error;
            }
        }
        const std::unique_lock lock(moving);
        place = placeOf(block);
        if (place == Place::above)
        {
            return above.write(from, offset);
        }
        if (place == Place::nowhere)
        {
            std::ranges::fill(whole, std::byte{0});
        }
        std::memcpy(whole.data() + (offset - start), from.data(), from.size());
        const int error = above.write(whole, start);
        if (error == 0)
        {
            setPlaces(block, block + 1, Place::above);
        }
        return error;
    }

    /// Zeroes within one block.
    int clear(uint64_t offset, uint64_t length)
    {
        if (length == 0)
        {
            return 0;
        }
        {
            const std::shared_lock lock(moving);
            if (placeOf(blockOf(offset)) == Place::nowhere)
            {
                return 0;
            }
        }
        return change(offset, std::vector<std::byte>(length));
    }

    void drop(uint64_t first, uint64_t last)
    {
        const std::unique_lock lock(moving);
        setPlaces(first, last, Place::nowhere);
        // Only to save room, so it does not matter if it cannot.
        static_cast<void>(
            above.allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                           first * blockSize, (last - first) * blockSize));
    }

    ExportPointer below;
    Descriptor above;
    Mapping places; ///< a Place for each block
    Access access;
    std::map<std::string, FileState> commits;
    std::shared_mutex committing; ///< changes share it; taken before `moving`
    std::shared_mutex moving;     ///< held alone while a block changes place
};

/// Without a name, so that it cannot be left behind.
int openTemporary(const std::string& directory)
{
    std::string name = directory + "/vmedia-overlay-XXXXXX";
    const int opened = ::mkostemp(name.data(), O_CLOEXEC);
    if (opened >= 0)
    {
        ::unlink(name.c_str());
    }
    return opened;
}

} // namespace

Result<std::unique_ptr<Overlay>> Overlay::open(ExportPointer below,
                                               Access access)
{
    Result<Mapping> places = Mapping::make(below->size() / blockSize + 1,
                                           "map of the overlay's blocks");
    if (!places)
    {
        return tl::unexpected(places.error());
    }
    const char* given = std::getenv("TMPDIR");
    const std::string directory = given != nullptr && *given != '\0' ? given
                                                                     : "/tmp";
    Descriptor temporary(openTemporary(directory));
    if (temporary.get() < 0)
    {
        return failErrno(errno, directory + ": a file for the overlay",
                         "set TMPDIR to a directory that can be written");
    }
    return std::make_unique<OverlayExport>(
        std::move(below), std::move(temporary), std::move(*places), access);
}

} // namespace vmedia::exports
