"""Places of a persona that say nothing any more beside the fields that came after them."""

from __future__ import annotations

from reconciler.types.kind import Spent

PERCEPTION_MODEL = "/layers/perception/perception_model"
SPENT = (
    # From sparrow-1 on the conversational flow overrides what the stt layer says of turns (conversational flow page).
    *(
        Spent(f"/layers/stt/{name}", "/layers/conversational_flow/turn_detection_model", ("sparrow-1", "sparrow-2"))
        for name in (
            "participant_pause_sensitivity",
            "participant_interrupt_sensitivity",
            "smart_turn_detection",
        )
    ),
    # The vision layer of the first generation, switched as the perception layer is.
    Spent("/layers/vqa", PERCEPTION_MODEL, ("off",), ({"enable_vision": False}, {"enable_vision": "false"})),
    Spent("/layers/vqa", PERCEPTION_MODEL, ("raven-1",), ({"enable_vision": True}, {"enable_vision": "true"})),
    # The TTS page: azure takes no model.
    Spent("/layers/tts/tts_model_name", "/layers/tts/tts_engine", ("azure",)),
)
