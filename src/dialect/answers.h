// Reading one event or one whole answer of each dialect, from node `n`. Inside this folder only. What is of another type than
// expected is passed over.
#pragma once

#include "dialect/dialect.h"

namespace sallyport::dialect {

void read_anthropic_answer(const json::Document&, json::NodeIndex n, Answer&);
void read_responses_answer(const json::Document&, json::NodeIndex n, Answer&);
void read_chat_answer(const json::Document&, json::NodeIndex n, Answer&);
void read_gemini_answer(const json::Document&, json::NodeIndex n, Answer&);

} // namespace sallyport::dialect
