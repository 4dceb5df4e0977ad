#include "content/common_texts.h"

#include "content/common_texts_text.h"

namespace sallyport::content {

std::span<const CommonText> common_texts() { return all_common_texts; }

} // namespace sallyport::content
