// SPDX-License-Identifier: Apache-2.0
// Input: the content of a file of pre-shared keys.
#include "fixtures/fuzz.hpp"
#include "vmedia/tls/psk_file.hpp"

using namespace vmedia;
using namespace vmedia::tls;

namespace
{

/// The same text with other keys: each hex digit behind a line's first colon
/// is another one, 0 for f, 1 for e and so on.
std::string withOtherKeys(std::string text)
{
    constexpr std::string_view digits = "0123456789abcdefABCDEF";
    constexpr std::string_view others = "fedcba9876543210543210";
    bool key = false;
    for (char& c : text)
    {
        if (c == '\n' || c == ':')
        {
            key = c == ':';
        }
        else if (const size_t at = digits.find(c); key && at != digits.npos)
        {
            c = others[at];
        }
    }
    return text;
}

std::string outcome(const Result<PskFile>& keys)
{
    return keys ? std::to_string(keys->size()) : describe(keys.error());
}

} // namespace

std::vector<fuzz::Input> fuzz::seeds()
{
    return {
        input("alice:00112233445566778899aabbccddeeff\n"),
        input("alice:00112233445566778899aabbccddeeff\n\n"
              "bob:FFEEDDCCBBAA99887766554433221100ab"),
        input("#616c696365:00112233445566778899aabbccddeeff\n"),
        input("a:" + std::string(512, '7')),
        input("a:00112233445566778899aabbccddeeff\n"
              "a:ff112233445566778899aabbccddeeff\n"),
    };
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const std::string_view text = fuzz::text(data, size);
    const Result<PskFile> keys = PskFile::parse(text, "keys.psk");
    const std::string said = outcome(keys);
    fuzz::require(said.find('\n') == said.npos, "an error is one line");
    fuzz::require(said == outcome(PskFile::parse(
                              withOtherKeys(std::string(text)), "keys.psk")),
                  "what is said does not depend on a key");
    if (!keys)
    {
        return 0;
    }
    fuzz::require(keys->size() > 0, "a file without a user is refused");
    const std::string_view user = text.substr(0, text.find(':'));
    if (const auto key = keys->find(user))
    {
        fuzz::require(key->size() >= PskFile::keySizeMin &&
                          key->size() <= PskFile::keySizeMax,
                      "a key has 16 to 256 bytes");
    }
    fuzz::require(!keys->find(""), "nobody has no key");
    return 0;
}
