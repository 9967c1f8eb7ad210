// SPDX-License-Identifier: Apache-2.0
#include "extensions.hpp"

#include <algorithm>
#include <cctype>

namespace vmedia::httpd
{

namespace
{

/// A character of a token (RFC 9110, 5.6.2).
bool isTokenCharacter(char c)
{
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) !=
               std::string_view::npos;
}

/// Takes what it asks for off the front.
class Scanner
{
  public:
    explicit Scanner(std::string_view text) : rest(text) {}

    bool atEnd()
    {
        blanks();
        return rest.empty();
    }
    bool take(char c)
    {
        blanks();
        const bool there = rest.starts_with(c);
        rest.remove_prefix(there ? 1 : 0);
        return there;
    }
    bool token()
    {
        blanks();
        const auto end = std::ranges::find_if_not(rest, isTokenCharacter);
        const auto size = static_cast<size_t>(end - rest.begin());
        rest.remove_prefix(size);
        return size != 0;
    }
    /// A token in quotes: "the value after quoted-string unescaping MUST
    /// conform to the 'token' ABNF", so there is nothing to escape.
    bool quotedToken()
    {
        return take('"') && token() && take('"');
    }

  private:
    void blanks()
    {
        rest.remove_prefix(
            std::min(rest.find_first_not_of(" \t"), rest.size()));
    }

    std::string_view rest;
};

bool extension(Scanner& scanner)
{
    if (!scanner.token())
    {
        return false;
    }
    while (scanner.take(';'))
    {
        if (!scanner.token() ||
            (scanner.take('=') && !scanner.token() && !scanner.quotedToken()))
        {
            return false;
        }
    }
    return true;
}

} // namespace

bool isExtensionList(std::string_view value)
{
    Scanner scanner(value);
    do
    {
        while (scanner.take(',')) // "empty elements" are allowed (2.1)
        {}
        if (scanner.atEnd())
        {
            return true;
        }
        if (!extension(scanner))
        {
            return false;
        }
    } while (scanner.take(','));
    return scanner.atEnd();
}

} // namespace vmedia::httpd
