// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <unistd.h>

#include <utility>

namespace vmedia::gadget
{

/// A file descriptor that closes itself; -1 is none.
class Descriptor
{
  public:
    explicit Descriptor(int opened) : number(opened) {}
    Descriptor(Descriptor&& other) noexcept :
        number(std::exchange(other.number, -1))
    {}
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor()
    {
        if (number >= 0)
        {
            ::close(number);
        }
    }

    explicit operator bool() const
    {
        return number >= 0;
    }

    int get() const
    {
        return number;
    }

  private:
    int number;
};

} // namespace vmedia::gadget
