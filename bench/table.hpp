// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace bench
{

/// Rows of text set in columns, for a terminal or as Markdown.
///
/// Shape: the first @p leftColumns are words and set to the left; the others
///        are numbers and set to the right. Cells are ASCII, so that a column
///        is as wide as its longest cell.
class Table
{
  public:
    using Cells = std::vector<std::string>;

    Table(Cells head, size_t leftColumns);

    void add(Cells cells);

    /// Text only: an empty line between the rows before and after. Markdown
    /// has no such thing and goes without.
    void gap();

    std::string text() const;
    std::string markdown() const;

  private:
    std::string pad(const std::string& cell, size_t column) const;

    Cells head;
    size_t leftColumns;
    std::vector<Cells> rows; ///< a gap is a row without cells
    std::vector<size_t> widths;
};

} // namespace bench
