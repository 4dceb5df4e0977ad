#include "lab/finding.h"

namespace sallyport::lab {

std::string_view name_of(Kind kind) {
    switch (kind) {
    case Kind::concealed_text: return "concealed text";
    case Kind::look_alike_choice: return "choice of look-alikes";
    case Kind::varied_character: return "varied character";
    case Kind::place_comparison: return "comparison with a place";
    }
    return "";
}

std::string_view name_of(Confidence confidence) {
    switch (confidence) {
    case Confidence::low: return "low";
    case Confidence::medium: return "medium";
    case Confidence::high: return "high";
    }
    return "";
}

std::string_view name_of(Subject subject) {
    switch (subject) {
    case Subject::host: return "host";
    case Subject::environment: return "environment";
    case Subject::named_like_one: return "named like a variable";
    case Subject::telemetry: return "telemetry";
    case Subject::update: return "update";
    case Subject::permission: return "permission";
    case Subject::path: return "path";
    case Subject::command: return "command";
    case Subject::flag: return "flag";
    case Subject::digest: return "digest";
    }
    return "";
}

} // namespace sallyport::lab
