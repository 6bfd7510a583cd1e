"""What each counter and each stage means, in one place: shown on `/stats`, told to Prometheus as HELP.

tests/unit/test_telemetry_names.py finds the names in the sources and fails where one is not described here.
"""

from __future__ import annotations

WORK = {
    "peers_connected": "Connections that came up: media and channels can flow.",
    "consent_given": "Participants who agreed to be analysed, by avatar or emotion.",
    "consent_withdrawn": "Participants who took all consent back.",
    "load_step_down": "Times that faces began to be looked at less often, because too many looks waited.",
    "load_step_up": "Times that faces began to be looked at more often again.",
    "backpressure_sent": "Participants told how often faces are looked at, and what to send.",
    "control_hello": "Greetings of clients that say what they are.",
    "video_frames_decoded": "Video frames decoded.",
    "video_frames_black": "Decoded frames that show nothing, as a disabled camera sends them; not looked at.",
    "video_frames_without_face": "Frames that were looked at and have no face in them.",
    "audio_packets_decoded": "Opus packets decoded.",
    "audio_samples_decoded": "Samples (48 kHz) of sound decoded from packets that came.",
    "audio_without_libopus": "Participants whose lost sound is only faded: no libopus, see `hoovik-rtc doctor`.",
    "audio_samples_not_sent": "Samples (48 kHz) of silence that the sender did not send (Opus DTX).",
    "voice_windows_read": "Windows of sound that the large speech encoder read, of all voices.",
    "voice_windows_silent": "Windows that it was not given: nothing new, or too little speech in them.",
    "voice_engine_back": "Times that the large speech encoder kept up again, after the light one had served.",
    "avatar_messages": "avatar_frame messages made, whoever hears them.",
    "emotion_messages": "emotion_update messages made, whoever hears them.",
}
"What was done."

LOSS = {
    "audio_packets_repaired": "Audio packets that were missing and came after they were asked for (NACK).",
    "audio_nack_needless": "Audio packets that came twice because they were asked for too early.",
    "audio_samples_recovered": "Samples (48 kHz) of lost sound that the next packet repeated (Opus in-band FEC).",
    "audio_packets_lost": "Holes in the sound that were waited for in vain.",
    "audio_samples_concealed": "Samples (48 kHz) of lost sound that were filled in.",
    "audio_duplicate_or_late": "Audio packets that came twice, or after their turn.",
    "audio_sequence_jump": "Single audio packets with a number far from the others; dropped.",
    "audio_stream_restarted": "Audio streams that went on with another source or numbering.",
    "video_duplicate_or_late": "Video packets that came twice, or after their frame.",
    "video_sequence_jump": "Single video packets with a number far from the others; dropped.",
    "video_stream_restarted": "Video streams that went on with another source or numbering.",
    "video_packets_repaired": "Video packets that were missing and came after they were asked for (NACK).",
    "video_nack_needless": "Video packets that came twice because they were asked for too early.",
    "video_hole_skipped": "Holes in the video that were given up, at a keyframe behind them.",
    "video_frame_without_start": "Video frames whose first packet never came.",
    "video_frames_without_reference": "Frames that could not be decoded because a keyframe was missing.",
    "video_returned": "Times that video came back after more than a second, with packets missing.",
    "peer_silent": "Times that nothing at all came from a participant for 5 s; the connection is kept.",
    "peer_returned": "Times that a participant who had been silent was heard again.",
    "bitrate_limited": "Times that a sender was asked for less video (REMB).",
    "bitrate_limit_lifted": "Times that such a limit was lifted.",
    "pli_sent": "Keyframes asked for (PLI).",
    "rtcp_not_sent": "Requests to a sender that could not be sent because the connection was going.",
    "peers_lost_failed": "Connections that broke.",
    "peers_lost_closed": "Connections that the other side closed.",
    "peers_lost_connect_timeout": "Peers given up because they did not connect in time.",
}
"What the network lost, and what was done about it."

DROPS = {
    "audio_packets_without_consent": "Audio packets dropped unread: nobody agreed to their analysis.",
    "video_packets_without_consent": "Video packets dropped unread: nobody agreed to their analysis.",
    "audio_empty_packet": "Audio packets without sound in them.",
    "audio_packets_dropped_late": "Audio packets dropped because more than a second of sound waited for a worker.",
    "video_frames_dropped_late": "Video frames dropped because more than a second of video waited for a worker.",
    "video_frames_left_undecoded": "Frames that no other refers to, not decoded because none was to be looked at.",
    "video_layer_frames_skipped": "Frames of a temporal layer that lost one; not decoded until it is whole again.",
    "video_frames_skipped": "Frames skipped for a newer one that had come already.",
    "video_frames_passed_over": "Frames that gave way to others' that waited; 20 looks a second of each are left.",
    "expression_gave_way": "Expressions read half a second after the one before: the machine was busy with looks.",
    "voice_expression_gave_way": "Times that what a voice expresses was read no more: busy, and its face was read.",
    "expression_skipped": "Faces whose expression was not read because a newer one had come already.",
    "video_frames_over_rate": "Frames not looked at because the one before was looked at just now.",
    "video_decoder_renewed": "Decoders made anew because packets came for 5 s and no picture did.",
    "video_assembler_overflow": "Times that more video packets waited for a missing one than are kept.",
    "analysis_process_ended": "Times that a process that analyses ended and was started anew.",
    "close_timeout": "Times that the bot ended the analysis because somebody's did not end by itself.",
    "analysis_process_hung": "Times that a process that analyses said nothing for 10 s and was started anew.",
    "analysis_message_failed": "Messages to a process that analyses that could not be handled; a bug.",
    "analysis_delivery_failed": "Results of a process that analyses that could not be handled; a bug.",
    "voice_engine_behind": "Times that the large speech encoder fell behind and the light one read voices.",
    "emotion_ticks_skipped": "Windows not read because the emotion model was still busy with earlier ones.",
    "channel_full_control": "Control messages dropped because their channel was full.",
    "channel_full_emotion": "emotion_update messages dropped because their channel was full.",
    "channel_full_avatar": "avatar_frame messages dropped, oldest first, because their channel stayed full.",
    "channel_message_over_peers_limit": "Messages not sent: larger than the peer's `a=max-message-size`.",
    "channel_closed_while_sending": "Messages to a channel that closed just then.",
    "event_stream_dropped": "Messages dropped for listeners over HTTP that read too slowly.",
    "event_listener_gone": "Listeners over HTTP that went away while they were written to.",
    "room_client_too_slow": "Clients of rooms thrown out because they did not read.",
    "room_client_gone_while_sending": "Clients of rooms that went away while they were written to.",
}
"What was dropped on our side, by name: queues are bounded, and each says so here when it is full."

REFUSED = {
    "rtp_over_rate": "RTP packets beyond the rate that one receiver may get.",
    "datagram_empty": "Datagrams with nothing in them.",
    "datagram_foreign": "Datagrams, DTLS handshakes among them, from addresses that ICE has not validated.",
    "datagram_too_large": "Datagrams longer than any of a call is.",
    "datagram_malformed": "Datagrams that begin like STUN and are none.",
    "datagram_queue_full": "Datagrams dropped because too many of one connection waited.",
    "ice_addresses_refused": "Connectivity checks from more addresses than one participant may have.",
    "rtp_malformed": "RTP packets that cannot be read.",
    "rtcp_malformed": "RTCP packets that cannot be read.",
    "sctp_malformed": "SCTP packets that cannot be read, or acknowledge what was not sent.",
    "channel_window_exceeded": "Pieces of data channel messages beyond what is kept of unfinished ones.",
    "rtp_too_many_ssrcs": "RTP packets of more streams than one receiver, or one connection, may have.",
    "rtp_sequence_jump": "Single RTP packets with a number far from the others.",
    "video_decode_failed": "Broken video frames.",
    "video_keyframe_malformed": "Keyframes with a broken header.",
    "video_size_refused": "Frames of a size that is not taken.",
    "video_size_changes_refused": "Frames of a sender that changes its size too often.",
    "audio_decode_failed": "Broken Opus packets.",
    "candidate_dropped": "ICE candidates that cannot be used, or beyond the limit.",
    "media_sections_ignored": "Media sections of offers beyond one voice and one picture.",
    "admission_refused_full": "Newcomers refused because as many are there as may be.",
    "admission_refused_often": "Requests to join refused because one address asks too often.",
    "admission_refused_load": "Newcomers refused because even the lowest rates would not hold with them.",
    "resume_unknown": "Resume tokens of sessions that are not there any more.",
    "channel_refused": "Data channels beyond the limit, or with a label that is taken.",
    "channel_protocol_unsupported": "Data channels that ask for a protocol we do not speak.",
    "channel_message_malformed": "Data channel messages that cannot be read.",
    "too_many_messages": "Messages on data channels beyond the rate.",
    "message_too_large": "Messages on data channels beyond the size.",
    "binary_message": "Messages on data channels that are not text.",
    "control_malformed": "Control messages that are not what the protocol says.",
    "control_unknown_type": "Control messages of a type that we do not know; ignored.",
    "event_message_refused": "Messages from listeners over HTTP beyond the rate, or not text.",
    "room_messages_refused": "Messages to rooms beyond the rate.",
}
"What others sent and was not taken."

NOTICES = {
    "notice_face_found": "Participants told that their face is seen again.",
    "notice_several_faces": "Participants told that several faces are in their picture.",
    "notice_another_face": "Participants told that another face in their picture is followed now.",
    "notice_face_unclear": "Participants told that their face is seen badly, and why.",
    "notice_face_clear": "Participants told that their face is seen well again.",
    "notice_no_face": "Participants told that no face is seen.",
    "notice_voice_engine_behind": "Participants told that the large voice model is too slow and the light one serves.",
    "notice_voice_engine_missing": "Participants told that the large voice model is not here and the light one serves.",
    "notice_voice_engine_failed": "Participants told that the large voice model failed and the light one serves.",
    "notice_voice_engine_back": "Participants told that the large voice model reads voices again.",
    "notice_modality_both": "Participants told that face and voice are followed.",
    "notice_modality_audio_only": "Participants told that the voice alone is followed.",
    "notice_modality_video_only": "Participants told that the face alone is followed.",
    "notice_modality_none": "Participants told that neither face nor voice is there.",
}
"What participants were told."

FAILED = {
    "peer_connect_timeout": "Peers that did not connect in time.",
    "peer_close_timeout": "Connections that did not close in time and were abandoned.",
    "packet_failed": "Media packets that made the service raise: a bug, see the log.",
    "channel_failed": "Data channels that made the service raise as they opened: a bug, see the log.",
    "control_failed": "Control messages that made the service raise: a bug, see the log.",
    "listener_failed": "Listeners of the bot, in the embedding program, that raised: see the log.",
    "voice_engine_missing": "Starts without the speech encoder that was chosen; the light one serves.",
    "voice_engine_failed": "Speech encoders that raised; the light one serves from there on: see the log.",
    "emotion_model_failed": "Calls to the emotion model that raised: see the log.",
    "emotion_window_failed": "Windows for the emotion model that could not be made: a bug, see the log.",
    "emotion_delivery_failed": "Results of the emotion model that could not be delivered: a bug, see the log.",
}
"What should not happen."

GROUPS = {
    "Dropped": DROPS,
    "Lost on the way": LOSS,
    "Refused": REFUSED,
    "Failed": FAILED,
    "Done": WORK,
    "Said": NOTICES,
}
"The counters as they are shown."

COUNTERS = {name: sentence for group in GROUPS.values() for name, sentence in group.items()}
"Every counter with its sentence."

STAGES = {
    "last_packet_to_avatar": "A frame's last packet at the service → its avatar_frame handed to the channel.",
    "last_packet_to_voice": "A sound's packet at the service → what was heard in it has moved the avatar.",
    "decode": "VP8 frames to a picture, on a worker: all that waited, until the newest is decoded.",
    "face": "The face mesh and what is read from it, on a worker.",
    "expression": "One face's expression read by the network, on a worker.",
    "voice": "Opus packets to a measured voice, on a worker.",
    "speech": "One batch of voices (one voice, on a CPU), read by the large speech encoder on a thread of its own.",
    "emotion": "One call to the emotion model, for all participants at once.",
    "loop_stall": "How late the event loop comes to what is due every 100 ms.",
    "consent_to_first_face": "Consent → the first measured face.",
}
"Every stage with its sentence."

MODALITIES = {
    "both": "Face and voice are followed.",
    "video_only": "The face alone: no sound for 0.4 s.",
    "audio_only": "The voice alone: no face for 0.4 s.",
}
"Every modality with its sentence."
