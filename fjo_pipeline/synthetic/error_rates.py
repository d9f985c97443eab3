"""How often identifiers and records go wrong: every rate in one place, with where it is from ([R]: reconstructed).

No value has changed since docs/linkage.md first gave figures; whoever changes one measures everything anew.
Where an error has several forms that no rate here tells apart (which part of a date, which kind of slip of the
keyboard, lower case or a lost space in a postcode), they are equally likely [R].
"""

# Missing: 6.6 % of mothers lack a usable date of birth or postcode [V, doi:10.23889/ijpds.v9i2.2404 via domain.md §3].
MISSING_BIRTH_ADULT = 0.030
MISSING_POSTCODE_ADULT = 0.036
MISSING_BIRTH_CHILD = 0.004  # [R]
MISSING_POSTCODE_CHILD = 0.025  # [R]
MISSING_SEX = 0.006  # [R]

# Names [R], in the range of the errors counted in the linkage literature (Harron 2017 doi:10.1093/ije/dyx177).
FORENAME_TYPO = 0.05
SURNAME_TYPO = 0.045
TYPO_MAY_HIT_FIRST_LETTER = 0.2  # of typing errors of any field; the others spare it
NICKNAME = 0.08  # of people whose forename has one
NAMES_SWAPPED = 0.004
FORMER_SURNAME = 0.20  # of people who have had another
MIDDLE_NAMES_GIVEN = 0.45
PLACEHOLDER_FORENAME_NEWBORN = 0.12  # "Baby", "Unknown": a child under a week old at the application
NEWBORN_DAYS = 7
HYPHEN_LOST = 0.15  # of double-barrelled surnames

# Dates of birth: century typos are in real deposits [V domain.md §3], the rates [R].
DAY_MONTH_SWAPPED = 0.006
CENTURY_TYPO = 0.002
DIGIT_TYPO = 0.012
SEX_WRONG = 0.003

# Addresses [R]: court papers carry the address of the application, the register that of the last contact with a GP.
FORMER_ADDRESS = 0.10
FORMER_ADDRESS_DAYS = 900  # how long before the application it was right
OTHER_ADDRESS = 0.08
POSTCODE_TYPO = 0.015
POSTCODE_UNTIDY = 0.10
ADDRESS_TYPO = 0.06
CONFIDENTIAL = 0.02  # form C8, refuges

# The register [R].
REGISTER_ADDRESS_LAG_DAYS = 120
REGISTER_ADDRESS_NEVER = 0.11
REGISTER_NAME_LAG_DAYS = 200
REGISTER_NAME_NEVER = 0.15
REGISTER_DUPLICATES = 0.006
REGISTER_SENSITIVE = 0.002
REGISTER_FORMER_NHS_NUMBER = 0.01
REGISTER_TYPO = 0.004
REGISTER_SEX_UNKNOWN = 0.0005
NOT_ON_REGISTER = 0.10  # 8-12 % of deposit people
# Who is missed more often: newcomers without kin here, and those whose names the index handles badly.
MISSED_BY_POOL = {
    "british": 0.8, "welsh": 0.8, "south_asian": 1.2, "black": 1.4, "east_european": 2.4, "chinese": 1.8,
    "mixed_traveller": 1.8,
}  # fmt: skip
MISSED_NEWCOMER, MISSED_WITH_KIN = 1.3, 0.9

# Records: that they go wrong so [V domain.md §3], the rates [R] where no figure is given with them.
PEOPLE_COPIED = 0.003
ROWS_COPIED = 0.004
SECOND_ROLE = 0.005
# With the children whose father is recorded as female this makes the published 0.5 %.
SECOND_MOTHER = 0.002
SECOND_FATHER = 0.002
SUBJECTS_WITHOUT_OUTPUT = 0.0030
EMPTY_APPLICATIONS = 0.004
PEOPLE_ON_NO_APPLICATION_OF_RELATIVES = 0.06  # about 0.5 % of all people [R]
MOTHER_NAMED_PUBLIC, FATHER_NAMED_PUBLIC = 0.975, 0.93  # [R]; in private law both are parties
APPLICATION_REASON_MISSING = 0.7  # [R]
RELATIONSHIP_MISSING = 0.03
# The codes of half (40, 41) and step siblings (51, 52) [V domain.md §3], their shares [R].
HALF_SIBLING_RECORDED_AS = {40: 0.80, 41: 0.14, 51: 0.04, 52: 0.02}
MOST_RELATIONSHIPS = 14

# CMS: at most seven parents a child [V domain.md §3], the shares [R].
MOST_PARENTS_IN_CMS = 7
CMS_ROLE_CONVERTED = 0.12
CMS_INTERPRETER = 0.03
CMS_FURTHER_WORK = 0.2

# Characteristics: ethnicity is routinely recorded from 2017 only [V domain.md §3], the rates [R].
ETHNICITY_RECORDED, ETHNICITY_RECORDED_BEFORE = 0.90, 0.22
RELIGION_RECORDED = 0.45
NATIONALITY_RECORDED = 0.62
LANGUAGE_RECORDED = 0.70
DISABILITY_RECORDED = 0.55
# At most two known ethnicities and religions a person, one nationality and language [V domain.md §3].
CHARACTERISTIC_UNKNOWN = 0.08  # "unknown" or "prefer not to say", of those recorded
CHARACTERISTIC_OF_ANYBODY = 0.02  # a value without regard to the person's likely ones
SECOND_CHARACTERISTIC = {"ETHNICITIES": 0.008, "RELIGIONS": 0.006, "DISABILITIES": 0.03}
UNKNOWN_BESIDE_KNOWN = 0.01
