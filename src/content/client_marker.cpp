#include "content/client_marker.h"

#include "content/code_points.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

namespace sallyport::content {
namespace {

constexpr std::string_view opening = "Today", middle = "s date is ";
constexpr std::string_view reminder_begin = "<system-reminder>", reminder_end = "</system-reminder>";

struct Apostrophe {
    std::string_view bytes;
    std::uint32_t state;
};
constexpr std::array<Apostrophe, 4> apostrophes = {{{"'", 0},
                                                    {"\u2019", marker_known_host},
                                                    {"\u02BC", marker_lab_keyword},
                                                    {"\u02B9", marker_known_host | marker_lab_keyword}}};

// YYYY-MM-DD or YYYY/MM/DD, then a full stop; the separator.
std::optional<char> date_separator(std::string_view text) {
    constexpr std::string_view shape = "0000-00-00.";
    if (text.size() < shape.size()) return {};
    const char separator = text[4];
    if (separator != '-' && separator != '/') return {};
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (shape[i] == '0' ? !is_ascii_digit(c) : text[i] != (shape[i] == '-' ? separator : shape[i])) return {};
    }
    return separator;
}

struct Sentence {
    std::uint32_t state = 0;
    std::size_t size = 0;
};

// The sentence at the start of the text, in whichever state.
std::optional<Sentence> sentence_at(std::string_view text) {
    for (const Apostrophe& apostrophe : apostrophes) {
        std::string_view rest = text.substr(opening.size());
        if (!rest.starts_with(apostrophe.bytes)) continue;
        rest.remove_prefix(apostrophe.bytes.size());
        if (!rest.starts_with(middle)) return {};
        rest.remove_prefix(middle.size());
        const auto separator = date_separator(rest);
        if (!separator) return {};
        const std::uint32_t zone = *separator == '/' ? marker_china_zone : 0;
        return Sentence{apostrophe.state | zone, text.size() - rest.size() + std::string_view("0000-00-00.").size()};
    }
    return {};
}

// Nothing but blanks beside it.
bool is_line(std::string_view text, std::size_t begin, std::size_t end) {
    constexpr std::string_view blanks = " \t\r";
    const std::size_t before = begin == 0 ? std::string_view::npos : text.find_last_not_of(blanks, begin - 1);
    const std::size_t after = text.find_first_not_of(blanks, end);
    return (before == std::string_view::npos || text[before] == '\n') &&
           (after == std::string_view::npos || text[after] == '\n');
}

// Knows, as the text is gone through, whether a place lies in a reminder.
class Reminders {
public:
    explicit Reminders(std::string_view text) : text_(text) {}
    bool hold(std::size_t at) {
        while (end_ <= at && begin_ != std::string_view::npos) {
            begin_ = text_.find(reminder_begin, end_);
            if (begin_ == std::string_view::npos) break;
            end_ = std::min(text_.find(reminder_end, begin_), text_.size());
        }
        return begin_ <= at && at < end_;
    }

private:
    std::string_view text_;
    std::size_t begin_ = 0, end_ = 0;
};

} // namespace

void find_client_marker(std::string_view text, Standing standing, std::vector<Found>& out) {
    if (text.size() > std::numeric_limits<std::uint32_t>::max()) return; // said by find_hidden()
    Reminders reminders(text);
    for (std::size_t at = text.find(opening); at != std::string_view::npos;
         at = text.find(opening, at + opening.size())) {
        const auto sentence = sentence_at(text.substr(at));
        if (!sentence || sentence->state == 0) continue;
        const std::size_t end = at + sentence->size;
        const bool own = standing == Standing::injected || is_line(text, at, end) || reminders.hold(at);
        out.push_back({FindingKind::marker, own ? Confidence::high : Confidence::low, sentence->state,
                       static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(end)});
    }
}

void find_plain_form(std::string_view sentence, std::vector<PlainCharacter>& out) {
    if (!sentence.starts_with(opening)) return;
    const auto found = sentence_at(sentence);
    if (!found) return;
    const std::string_view told = sentence.substr(0, found->size);
    const auto apostrophe_end = static_cast<std::uint32_t>(told.find(middle));
    if ((found->state & (marker_known_host | marker_lab_keyword)) != 0)
        out.push_back({static_cast<std::uint32_t>(opening.size()), apostrophe_end, "'"});
    for (auto at = told.find('/'); at != std::string_view::npos; at = told.find('/', at + 1))
        out.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at + 1), "-"});
}

std::string disclosed(std::uint32_t state) {
    constexpr std::array<std::string_view, 4> hosts = {
        "", "the gateway's host is in the client's list of 147 companies and resellers (every .cn host is)",
        "the gateway's host name holds one of the client's 11 names of AI laboratories",
        "the gateway's host is in the client's list of 147 companies and resellers and holds one of its 11 names of AI "
        "laboratories"};
    if (state == 0 || state >= marker_states) return "nothing";
    std::string told(hosts[state & 3]);
    if ((state & marker_china_zone) != 0)
        told += std::string(told.empty() ? "" : "; ") + "the machine's time zone is Asia/Shanghai or Asia/Urumqi";
    return told;
}

} // namespace sallyport::content
