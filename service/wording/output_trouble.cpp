#include "service/wording/output_trouble.hpp"

#include "service/model/stack_outputs.hpp"

namespace slipway {

namespace {

std::string predicate(OutputTrouble trouble, const std::string& upstream) {
    switch (trouble) {
        case OutputTrouble::sensitive:
            return "is sensitive, and sensitive outputs are not handed to other stacks; take it "
                   "out of `depends_on`";
        case OutputTrouble::not_planned:
            return "is not among the outputs that the plan of " + upstream +
                   " on this pull request leads to";
        case OutputTrouble::never_seen:
            return "is not known: no run of " + upstream +
                   " has finished yet; apply that stack first";
        case OutputTrouble::not_seen_yet:
            return "was not seen after the last apply of " + upstream +
                   "; plan that stack again, then retry this one";
        case OutputTrouble::absent:
            return "does not exist: the state of " + upstream + " has no such output";
        case OutputTrouble::too_large:
            return "is larger than 100 KB, more than a variable can hold";
    }
    return "";
}

}  // namespace

std::string output_trouble(OutputTrouble trouble, const StackId& reader,
                           const OutputReference& reads) {
    return "the output " + name_of(reads.stack, reads.output) + ", which " + reader.value +
           " gets as " + reads.variable + ", " + predicate(trouble, reads.stack.value);
}

}  // namespace slipway
