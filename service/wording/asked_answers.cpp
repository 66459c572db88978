// Answers to those who ask for a look for drift, for a destroy, or for the end of an apply.
#include "service/wording/answers.hpp"
#include "service/wording/markup.hpp"
#include "service/wording/numbers.hpp"

namespace slipway::answers {

std::string name_one_stack() { return "Name one stack."; }

namespace {

std::string after(const Run* ahead) {
    return ahead ? " It begins after " + name_of(*ahead) + ", which " + state_said(*ahead) + "."
                 : "";
}

}  // namespace

std::string looks(const Run& run, const Run* ahead) {
    return "Run " + run.id.value + " looks for drift of " + quoted(run.stack) +
           " and changes nothing." + after(ahead);
}

std::string looks_already(const Run& run) {
    return "Run " + run.id.value + " looks for drift of " + quoted(run.stack) + " already.";
}

std::string plans_destroy(const Run& run, const Run* ahead) {
    return "Run " + run.id.value + " plans to destroy all that " + quoted(run.stack) +
           " manages. Nothing is destroyed before the plan is approved and confirmed: look at it "
           "with `slipway logs " +
           run.id.value + "`, then `slipway confirm " + run.id.value + "`." + after(ahead);
}

std::string name_the_stack_to_destroy() {
    return "A stack is destroyed by its own name alone, not by a pattern.";
}

std::string type_its_name_again(const StackId& stack) {
    return "To plan to destroy all that " + quoted(stack) +
           " manages, type its name a second time: `slipway destroy " + stack.value +
           " --confirm " + stack.value + "`.";
}

std::string destroy_these_first(const StackId& stack, const std::vector<StackId>& dependents) {
    return quoted(stack) + " is needed by " + number_of(dependents.size(), "stack") +
           " that may still manage something. Destroy in this order: " + quoted(dependents) +
           "; then " + quoted(stack) + ".";
}

std::string destroys_already(const Run& run) {
    return quoted(run.stack) + " is being destroyed already: " + name_of(run) + " " +
           state_said(run) + ".";
}

std::string asks_before_interrupt(const Run& run, std::string_view again) {
    return "The apply of " + quoted(run.stack) +
           " is running, so nothing was done yet. Interrupted, the tool ends what it has in hand "
           "and leaves the rest: what was applied by then stays, and the run fails. To interrupt "
           "it, say `" +
           std::string(again) + "` again within " + duration_text(interrupt_patience_ms) + ".";
}

std::string interrupts(const Run& run) {
    return "The apply of " + quoted(run.stack) +
           " is being interrupted: the tool ends what it has in hand, and the result says what was "
           "applied.";
}

std::string interrupted_already(const Run& run) {
    return "The apply of " + quoted(run.stack) + " is being interrupted already, by " +
           code_span(run.interrupt ? run.interrupt->by : "") +
           "; the tool ends what it has in hand.";
}

}  // namespace slipway::answers
