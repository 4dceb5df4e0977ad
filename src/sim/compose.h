// What the four answer_*.cpp share: laying events one behind the other, and cutting a text into deltas.
#pragma once

#include "json/writer.h"
#include "sim/answer.h"

#include <array>

namespace sallyport::sim {

// The names of the models a vendor of any dialect lists.
inline constexpr std::array<std::string_view, 2> model_names = {"sim-large", "sim-small"};
// When everything was made: a fixed moment, so that answers are repeatable.
inline constexpr std::int64_t made_at_s = 1'764'547'200;

class EventWriter {
public:
    explicit EventWriter(Composed& out) : out_(out) {}
    // "event: NAME" is left out where `name` is empty.
    void event(std::string_view name, std::string_view data);
    // The bytes as they are.
    void raw(std::string_view bytes);
    // What comes from here on tells that the answer is whole.
    void closing() { out_.closing = out_.ends.size(); }

private:
    Composed& out_;
};

// "msg_sim_000001": prefix and number.
std::string id_of(std::string_view prefix, std::uint64_t number);

// The text in as many pieces as the answer asks for, none of which ends inside a character.
std::vector<std::string_view> deltas_of(const Answer&);

// One JSON object, written by `fill`.
template <class Fill> std::string object(const Fill& fill) {
    std::string out;
    json::Writer w(out);
    w.begin_object();
    fill(w);
    w.end_object();
    return out;
}

// One answer_*.cpp each.
void compose_anthropic(const Answer&, EventWriter&);
void compose_responses(const Answer&, EventWriter&);
void compose_chat(const Answer&, EventWriter&);
void compose_gemini(const Answer&, EventWriter&);
std::string anthropic_body(const Answer&);
std::string responses_body(const Answer&);
std::string chat_body(const Answer&);
std::string gemini_body(const Answer&);

} // namespace sallyport::sim
