"""The golden conversations as calls of the vendors' SDKs: one entry per feature and API.

Each API has its own words for the same thing; none of them is derived from another.
"""
