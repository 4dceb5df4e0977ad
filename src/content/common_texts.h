// Texts that stand everywhere: licences, what is put at the head of files, what programs write into them. Part of the program, so that
// nobody's work is taken for a company's since both stand under the same licence. common_texts/*.txt.
#pragma once

#include <span>
#include <string_view>

namespace sallyport::content {

struct CommonText {
    std::string_view name, text;
};
std::span<const CommonText> common_texts();
// The repository that they are indexed as; it is public whatever a policy says.
inline constexpr std::string_view common_texts_repository = "sallyport/common-texts";

} // namespace sallyport::content
