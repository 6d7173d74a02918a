"""The numbers of the paper's tables 1 to 3; those of its text are in `ablations`.

All in percent, as printed. STG-NF is the paper's own method, "Ours" there.
"""

from typing import NamedTuple

SHANGHAITECH, UBNORMAL = "shanghaitech", "ubnormal"
AUC, RBDC, TBDC = "AUC", "RBDC", "TBDC"
MEASURES = (AUC, RBDC, TBDC)


class Published(NamedTuple):
    """A row of table 1 or 2; None where the paper prints a dash.

    Attributes:
      method: as the paper calls it; in brackets its number there, and what it sees besides video.
      auc: frame-level micro AUC.
      rbdc: by regions.
      tbdc: by tracks.
      auc_hr: table 1 only, AUC on ShanghaiTech-HR.
      supervised: table 2 only, trained with labels.
    """

    method: str
    auc: float
    rbdc: float | None = None
    tbdc: float | None = None
    auc_hr: float | None = None
    supervised: bool = False

    def figures(self) -> dict[str, float]:
        """AUC, RBDC and TBDC by their names; those printed as a dash are left out."""
        named = {AUC: self.auc, RBDC: self.rbdc, TBDC: self.tbdc}
        return {name: value for name, value in named.items() if value is not None}


TABLE_1 = (
    Published("Morais et al. [29] (poses)", 73.4, auc_hr=75.4),
    Published("Rodrigues et al. [36] (poses)", 76.0, auc_hr=77.0),
    Published("Markovitz et al. [28] (poses)", 76.1),
    Published("Zaheer et al. [46]", 79.6),
    Published("Georgescu et al. [14] + SSPCAB [35] (detections)", 83.6, 40.6, 83.5),
    Published("Barbalau et al. [2], SSMTL++v2 (detections)", 83.8, 47.1, 85.6),
    Published("Wang et al. [40] (detections)", 84.2, 22.4, 60.8, auc_hr=84.7),
    Published("STG-NF (poses)", 85.9, 52.1, 82.4, auc_hr=87.4),
)
TABLE_2 = (
    Published("Markovitz et al. [28] (poses)", 52.0),
    Published("Georgescu et al. [14] (detections)", 59.3, 21.9, 53.4),
    Published("Georgescu et al. [2] (detections)", 62.1, 25.6, 63.5),
    Published("Wang et al. [40] (detections)", 56.4, 11.8, 36.8),
    Published("STG-NF (poses)", 71.8, 31.7, 62.3),
    Published("Georgescu et al. [14] (detections)", 61.3, 25.4, 56.3, supervised=True),
    Published("Bertasius et al. [5] (detections)", 68.5, 0.04, 0.05, supervised=True),
    Published("Yan et al. [43] (poses)", 78.1, 46.2, 69.9, supervised=True),
    Published("Shi et al. [37] (poses)", 74.1, 42.9, 73.4, supervised=True),
    Published("Cheng et al. [7] (poses)", 64.6, 40.2, 70.5, supervised=True),
    Published("Liu et al. [26] (poses)", 77.8, 43.9, 70.8, supervised=True),
    Published("STG-NF (poses)", 79.2, 43.6, 75.6, supervised=True),
)
# (tested on, trained on): AUC.
TABLE_3 = {
    (SHANGHAITECH, (SHANGHAITECH,)): 85.9,
    (SHANGHAITECH, (UBNORMAL,)): 84.0,
    (SHANGHAITECH, (SHANGHAITECH, UBNORMAL)): 86.0,
    (UBNORMAL, (SHANGHAITECH,)): 69.0,
    (UBNORMAL, (UBNORMAL,)): 71.8,
    (UBNORMAL, (UBNORMAL, SHANGHAITECH)): 71.6,
}
# The whole method's AUC, unsupervised.
WHOLE = {on: TABLE_3[on, (on,)] for on in (SHANGHAITECH, UBNORMAL)}
