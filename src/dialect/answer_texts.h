// Where the texts stand that the model wrote, in an event of a stream or in a whole answer: what people read, and the arguments of tools.
// Thought is never among them, since vendors sign it.
#pragma once

#include "dialect/dialect.h"

#include <map>

namespace sallyport::dialect {

struct AnswerText {
    json::NodeIndex node = json::no_node; // a string of the document
    // 0: the string is the text. 1: the string holds JSON in which the text is a string (arguments of a function).
    unsigned inside_json = 0;
    bool is_delta = false;   // what goes on in a later event of the same `part`
    std::uint64_t part = 0;  // of the answer
    std::string_view tool{}; // whose argument it is; empty: for people. Valid until the next event
};

// For one answer; reads its events in order.
class AnswerTexts {
public:
    explicit AnswerTexts(Dialect dialect) : dialect_(dialect) {}
    // Fills `texts`, and `ended` with the parts that go on no longer.
    void event(const json::Document& data, std::vector<AnswerText>& texts, std::vector<std::uint64_t>& ended);
    void body(const json::Document& whole, std::vector<AnswerText>& texts);

private:
    void anthropic(const json::Document& data, std::vector<AnswerText>& texts, std::vector<std::uint64_t>& ended);
    void responses(const json::Document& data, std::vector<AnswerText>& texts, std::vector<std::uint64_t>& ended);
    void chat(const json::Document& data, bool whole, std::vector<AnswerText>& texts,
              std::vector<std::uint64_t>& ended);
    void gemini(const json::Document& data, bool whole, std::vector<AnswerText>& texts,
                std::vector<std::uint64_t>& ended);
    void output_item(const json::Document& data, json::NodeIndex item, std::vector<AnswerText>& texts);
    void leaves(const json::Document& data, json::NodeIndex of, std::string_view tool, std::vector<AnswerText>& texts);
    std::string_view keep_tool(std::uint64_t part, const json::Document& data, json::NodeIndex name);

    Dialect dialect_;
    std::map<std::uint64_t, std::string> tools_; // by part
};

} // namespace sallyport::dialect
