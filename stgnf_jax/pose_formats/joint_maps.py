"""Which joints of another layout are COCO's 17.

All tables are of names, each in its own layout's order; layouts are told apart by how many joints
they have.
"""

COCO_17 = (
    *("nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder"),
    *("left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip"),
    *("left_knee", "right_knee", "left_ankle", "right_ankle"),
)

# https://github.com/Fang-Haoshu/Halpe-FullBody: the 26 keypoints of the body.
HALPE_26 = (
    *COCO_17,
    *("head", "neck", "hip", "left_big_toe", "right_big_toe", "left_small_toe"),
    *("right_small_toe", "left_heel", "right_heel"),
)

# https://github.com/CMU-Perceptual-Computing-Lab/openpose/blob/master/doc/02_output.md:
# POSE_BODY_25_BODY_PARTS.
BODY_25 = (
    *("nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder"),
    *("left_elbow", "left_wrist", "mid_hip", "right_hip", "right_knee", "right_ankle"),
    *("left_hip", "left_knee", "left_ankle", "right_eye", "left_eye", "right_ear", "left_ear"),
    *("left_big_toe", "left_small_toe", "left_heel"),
    *("right_big_toe", "right_small_toe", "right_heel"),
)

# https://github.com/MVIG-SJTU/AlphaPose/blob/master/docs/output.md: the 18 body parts of OpenPose's
# COCO model.
OPENPOSE_COCO_18 = (
    *("nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder"),
    *("left_elbow", "left_wrist", "right_hip", "right_knee", "right_ankle", "left_hip"),
    *("left_knee", "left_ankle", "right_eye", "left_eye", "right_ear", "left_ear"),
)

# https://ai.google.dev/edge/mediapipe/solutions/vision/pose_landmarker: the 33 landmarks.
MEDIAPIPE_33 = (
    *("nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye"),
    *("right_eye_outer", "left_ear", "right_ear", "mouth_left", "mouth_right", "left_shoulder"),
    *("right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_pinky"),
    *("right_pinky", "left_index", "right_index", "left_thumb", "right_thumb", "left_hip"),
    *("right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle", "left_heel"),
    *("right_heel", "left_foot_index", "right_foot_index"),
)

# Whole bodies begin with COCO's 17: https://github.com/jin-s13/COCO-WholeBody (133 keypoints) and
# https://github.com/Fang-Haoshu/Halpe-FullBody (136).
WHOLE_BODIES = (133, 136)


def _sources(layout: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(layout.index(joint) for joint in COCO_17)


# By the layout's number of joints, where in it each of COCO's joints is.
SOURCES = {
    len(layout): _sources(layout)
    for layout in (COCO_17, HALPE_26, BODY_25, OPENPOSE_COCO_18, MEDIAPIPE_33)
} | dict.fromkeys(WHOLE_BODIES, tuple(range(17)))
